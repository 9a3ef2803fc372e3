//! The connection to the risk engine.
//!
//! Not responsible for what a step does. A newcomer needs to know one thing: the place that is resumed from carries the reign of its
//! record, and a risk engine that knows another record of that number refuses with 409.

use exchange_service::net::{Address, Arrive, Client, ConnectError, Incoming, Place, STEPS};

/// The stream of steps.
#[derive(Debug)]
pub(crate) struct StepStream {
    pub(crate) incoming: Incoming,
}

impl StepStream {
    /// Resumes behind a place.
    ///
    /// # Errors
    /// As [`ConnectError`] says: 409 where the risk engine does not have this place, 410 where it does not keep what comes behind it.
    pub(crate) async fn open(client: Client, risk: Address, place: Place) -> Result<Self, ConnectError> {
        let link = client.stream(&risk, &format!("{STEPS}?{}", place.query())).await?;
        Ok(Self { incoming: Incoming::new(link) })
    }
}

impl Arrive for StepStream {
    async fn arrive(&mut self) -> std::io::Result<()> {
        self.incoming.arrive().await
    }
}

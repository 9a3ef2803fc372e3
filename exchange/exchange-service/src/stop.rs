//! The end of a service: asked for once, heard by everybody.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells whether the service is to end. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nobody has asked.
    #[must_use]
    pub fn new() -> Self {
        Self { asked: Arc::new(watch::Sender::new(false)) }
    }

    /// Asks for the end.
    pub fn stop(&self) {
        self.asked.send_replace(true);
    }

    /// Whether somebody has asked.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.asked.borrow()
    }

    /// Waits until somebody asks.
    pub async fn stopped(&self) {
        let mut asked = self.asked.subscribe();
        // The sender lives in this very handle, so it does not go away.
        drop(asked.wait_for(|asked| *asked).await);
    }

    /// Asks as soon as the process gets SIGTERM or SIGINT. The task ends with the runtime; nobody joins it.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "stopping");
            stop.stop();
        });
        Ok(())
    }
}

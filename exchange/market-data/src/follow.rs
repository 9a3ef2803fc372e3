//! Where market data comes from: a snapshot of the feed, and the outcomes behind it.
//!
//! Not responsible for what they mean. A newcomer needs to know one thing: connecting takes as long as it takes, so a task of its
//! own waits for it, and the owner of the feed gets batches.

use std::io;

use exchange_core::feed::Feed;
use exchange_service::net::{Address, Client, FEED_SNAPSHOT, OutcomeStream, QueryError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Batches on their way to the owner of the feed. **When there are as many, the reader waits**, then the connection fills, and at
/// last matching's ring goes over us: then the archive has what is missing.
const BATCHES_MAX: usize = 8;

/// What the reader says.
#[derive(Debug)]
pub(crate) enum News {
    /// Outcomes, one after the other.
    Outcomes(Vec<u8>),
    /// There is a connection, to a service that has come to this outcome; or there is none and this is why.
    Connection(Result<u64, String>),
    /// The stream has come to an end: its consumer must start again.
    Ended(String),
}

/// The reader of outcomes; it ends with this handle.
#[derive(Debug)]
pub(crate) struct Follower {
    news: mpsc::Receiver<News>,
    reader: JoinHandle<()>,
}

impl Follower {
    /// Reads what `stream` has from now on.
    pub(crate) fn new(stream: OutcomeStream) -> Self {
        let (sender, news) = mpsc::channel(BATCHES_MAX);
        Self { news, reader: tokio::spawn(read(stream, sender)) }
    }

    /// What comes next. Safe to cancel.
    pub(crate) async fn next(&mut self) -> News {
        let news = self.news.recv().await;
        news.unwrap_or_else(|| News::Ended("the reader of outcomes has ended".into()))
    }

    /// How many batches wait.
    pub(crate) fn waiting(&self) -> usize {
        self.news.len()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(mut stream: OutcomeStream, news: mpsc::Sender<News>) {
    let mut told: Option<Result<u64, String>> = None;
    loop {
        let mut batch = Vec::new();
        let result = stream.next(|_, outcome| batch.extend_from_slice(outcome)).await;
        if !batch.is_empty() && news.send(News::Outcomes(batch)).await.is_err() {
            return;
        }
        if let Err(error) = result {
            // Nobody hears it when the owner is gone, and then nobody needs to.
            drop(news.send(News::Ended(error.to_string())).await);
            return;
        }
        let connection = match (stream.trouble(), stream.head()) {
            (Some(trouble), _) => Err(trouble.to_owned()),
            (None, Some(head)) => Ok(head),
            // On the way from one service to another.
            (None, None) => continue,
        };
        if told.as_ref() != Some(&connection) {
            told = Some(connection.clone());
            if news.send(News::Connection(connection)).await.is_err() {
                return;
            }
        }
    }
}

/// Why there is no feed to start with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotFailure {
    /// Persistence does not answer, or not so.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The task that reads it was ended.
    #[error("the snapshot could not be read: {0}")]
    Interrupted(#[from] io::Error),
}

/// The feed as the newest snapshot has it, or an empty one where there is none, or none that can be read: then the archive has
/// everything from the first command on.
pub(crate) async fn snapshot(client: &Client, persistence: &Address) -> Result<Feed, SnapshotFailure> {
    let Some(bytes) = client.get_bytes_if_any(persistence, FEED_SNAPSHOT).await? else {
        return Ok(Feed::new());
    };
    let restored = tokio::task::spawn_blocking(move || Feed::restore(&bytes));
    match restored.await.map_err(io::Error::other)? {
        Ok(feed) => Ok(feed),
        Err(error) => {
            tracing::error!(%error, "the snapshot cannot be read; starting with the first command instead");
            Ok(Feed::new())
        }
    }
}

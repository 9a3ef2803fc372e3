//! Why the history could not be written or read.

/// An error of a store. Every one of them is cured by opening the store again, or by nobody but the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The embedded database failed.
    #[error("the embedded history failed")]
    Embedded(#[from] Box<redb::Error>),
    /// PostgreSQL failed or is not there.
    #[error("PostgreSQL failed")]
    Postgres(#[from] tokio_postgres::Error),
    /// The address of the database cannot be used. It is a secret, so it is not shown.
    #[error("DATABASE_URL_FILE holds no address of a PostgreSQL database: {reason}")]
    Address {
        /// What is wrong; never the address.
        reason: &'static str,
    },
    /// Somebody else has written.
    #[error("the history is at {found}, expected {expected}: another service writes it")]
    Moved {
        /// The position that was expected.
        expected: u64,
        /// The position found.
        found: u64,
    },
    /// What is stored is not what was written.
    #[error("the history holds something else than was written: {reason}")]
    Damaged {
        /// What was found and expected.
        reason: String,
    },
    /// The log could not be read.
    #[error("the log could not be read")]
    Log(#[from] exchange_service::log::LogError),
}

macro_rules! embedded {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Embedded(Box::new(error.into()))
            }
        })+
    };
}
embedded!(DatabaseError, TransactionError, TableError, StorageError, CommitError, SetDurabilityError);

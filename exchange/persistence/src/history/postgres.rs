//! The history in PostgreSQL.
//!
//! One connection, made without TLS: a database that is reached through a network that is not trusted needs a tunnel.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use exchange_service::config::Secret;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Transaction};

use super::error::StoreError;
use super::rows::{OrderRow, TradeRow};
use super::store::{Changes, OUTCOMES_KEPT_NS, Page, Store, Which};

/// The number under which services agree on who changes the schema: any number that nobody else takes.
const SCHEMA_LOCK: i64 = 0x6578_6368_616e_6765;

/// The store. Cloning gives another handle to the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    /// Held by a transaction; queries share the connection with it.
    writer: Arc<Mutex<Client>>,
    reader: Arc<Client>,
}

impl Postgres {
    /// Connects, and makes the tables where they are missing.
    pub(crate) async fn open(address: &Secret) -> Result<Self, StoreError> {
        let text = std::str::from_utf8(address.expose())
            .map_err(|_| StoreError::Address { reason: "it is not text" })?;
        let config = Config::from_str(text).map_err(|_| StoreError::Address {
            reason: "expected `postgresql://user:password@host:port/database`",
        })?;
        let writer = connect(&config).await?;
        let reader = connect(&config).await?;
        migrate(&writer).await?;
        Ok(Self { writer: Arc::new(Mutex::new(writer)), reader: Arc::new(reader) })
    }
}

async fn connect(config: &Config) -> Result<Client, StoreError> {
    let (client, connection) = config.connect(NoTls).await?;
    // Ends with the client. What it says, the client's calls say as well.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

fn create_table(name: &str, columns: &[&str], key: &str) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("{column} bigint NOT NULL")).collect();
    format!("CREATE TABLE IF NOT EXISTS {name} ({}, PRIMARY KEY ({key}))", columns.join(", "))
}

/// Makes what is missing. Running it again changes nothing; two at a time wait for one another.
async fn migrate(client: &Client) -> Result<(), StoreError> {
    let orders = create_table("exchange_orders", &OrderRow::COLUMNS, "order_id");
    let trades = create_table("exchange_trades", &TradeRow::COLUMNS, "account, trade");
    let schema = format!(
        "BEGIN; SELECT pg_advisory_xact_lock({SCHEMA_LOCK});
         {orders}; {trades};
         CREATE TABLE IF NOT EXISTS exchange_instruments (instrument bigint PRIMARY KEY, tick bigint NOT NULL, lot bigint NOT NULL);
         CREATE TABLE IF NOT EXISTS exchange_outcomes (sequence bigint PRIMARY KEY, time bigint NOT NULL, outcome bytea NOT NULL);
         CREATE TABLE IF NOT EXISTS exchange_position (single boolean PRIMARY KEY DEFAULT true CHECK (single), position bigint NOT NULL);
         INSERT INTO exchange_position (position) VALUES (0) ON CONFLICT DO NOTHING;
         CREATE INDEX IF NOT EXISTS exchange_orders_account ON exchange_orders (account, order_id);
         CREATE INDEX IF NOT EXISTS exchange_orders_market ON exchange_orders (account, instrument, order_id);
         CREATE INDEX IF NOT EXISTS exchange_orders_open ON exchange_orders (account, order_id) WHERE open = 1;
         CREATE INDEX IF NOT EXISTS exchange_trades_market ON exchange_trades (account, instrument, trade);
         COMMIT"
    );
    client.batch_execute(&schema).await?;
    Ok(())
}

/// Writes rows in one statement: an array for each column. `conflict` says what becomes of rows that are there.
async fn put<const N: usize>(
    transaction: &Transaction<'_>,
    table: &str,
    names: [&str; N],
    rows: impl Iterator<Item = [i64; N]>,
    conflict: &str,
) -> Result<(), StoreError> {
    let mut columns: [Vec<i64>; N] = std::array::from_fn(|_| Vec::new());
    for row in rows {
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    if columns[0].is_empty() {
        return Ok(());
    }
    let arrays: Vec<String> = (1..=N).map(|number| format!("${number}::bigint[]")).collect();
    let (names, arrays) = (names.join(", "), arrays.join(", "));
    let statement =
        format!("INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT {conflict}");
    let parameters: Vec<&(dyn ToSql + Sync)> =
        columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
    transaction.execute(&statement, &parameters).await?;
    Ok(())
}

fn row_of<const N: usize>(row: &Row) -> Result<[i64; N], StoreError> {
    let mut columns = [0; N];
    for (index, column) in columns.iter_mut().enumerate() {
        *column = row.try_get(index)?;
    }
    Ok(columns)
}

fn select(table: &str, columns: &[&str], condition: &str) -> String {
    format!("SELECT {} FROM {table} WHERE {condition}", columns.join(", "))
}

impl Store for Postgres {
    async fn position(&self) -> Result<u64, StoreError> {
        let row = self.reader.query_one("SELECT position FROM exchange_position", &[]).await?;
        Ok(row.try_get::<_, i64>(0)?.cast_unsigned())
    }

    async fn instruments(&self) -> Result<BTreeMap<u64, (u64, u64)>, StoreError> {
        let rows = self.reader.query("SELECT instrument, tick, lot FROM exchange_instruments", &[]).await?;
        rows.iter()
            .map(|row| {
                let [instrument, tick, lot] = row_of::<3>(row)?.map(i64::cast_unsigned);
                Ok((instrument, (tick, lot)))
            })
            .collect()
    }

    async fn load(&self, ids: Vec<u64>) -> Result<Vec<OrderRow>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = ids.into_iter().map(u64::cast_signed).collect();
        let statement = select("exchange_orders", &OrderRow::COLUMNS, "order_id = ANY($1)");
        let rows = self.reader.query(&statement, &[&ids]).await?;
        rows.iter().map(|row| Ok(OrderRow::from_columns(row_of(row)?))).collect()
    }

    async fn write(&self, changes: Changes) -> Result<(), StoreError> {
        let mut client = self.writer.lock().await;
        let transaction = client.transaction().await?;
        let (from, to) = (changes.from.cast_signed(), changes.position.cast_signed());
        let moved = transaction
            .execute("UPDATE exchange_position SET position = $2 WHERE position = $1", &[&from, &to])
            .await?;
        if moved != 1 {
            let row = transaction.query_one("SELECT position FROM exchange_position", &[]).await?;
            let found = row.try_get::<_, i64>(0)?.cast_unsigned();
            return Err(StoreError::Moved { expected: changes.from, found });
        }
        let updated: Vec<String> =
            OrderRow::COLUMNS[1..].iter().map(|column| format!("{column} = EXCLUDED.{column}")).collect();
        let update = format!("(order_id) DO UPDATE SET {}", updated.join(", "));
        let orders = changes.orders.values().map(OrderRow::columns);
        put(&transaction, "exchange_orders", OrderRow::COLUMNS, orders, &update).await?;
        let trades = changes.trades.iter().map(TradeRow::columns);
        put(&transaction, "exchange_trades", TradeRow::COLUMNS, trades, "DO NOTHING").await?;
        let instruments = changes.instruments.iter().map(|(instrument, (tick, lot))| {
            [instrument.cast_signed(), tick.cast_signed(), lot.cast_signed()]
        });
        let names = ["instrument", "tick", "lot"];
        put(&transaction, "exchange_instruments", names, instruments, "DO NOTHING").await?;
        if !changes.outcomes.is_empty() {
            let sequences: Vec<i64> =
                changes.outcomes.iter().map(|outcome| outcome.0.cast_signed()).collect();
            let times: Vec<i64> = changes.outcomes.iter().map(|outcome| outcome.1.cast_signed()).collect();
            let bytes: Vec<&[u8]> = changes.outcomes.iter().map(|outcome| &outcome.2[..]).collect();
            transaction
                .execute(
                    "INSERT INTO exchange_outcomes SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
                     ON CONFLICT DO NOTHING",
                    &[&sequences, &times, &bytes],
                )
                .await?;
            let oldest = changes.time.saturating_sub(OUTCOMES_KEPT_NS).cast_signed();
            // By sequence, so that the key's index finds them: times never go back.
            transaction
                .execute(
                    "DELETE FROM exchange_outcomes WHERE sequence IN
                     (SELECT sequence FROM exchange_outcomes ORDER BY sequence LIMIT 10000) AND time < $1",
                    &[&oldest],
                )
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn order(&self, id: u64) -> Result<Option<OrderRow>, StoreError> {
        Ok(self.load(vec![id]).await?.pop())
    }

    async fn orders(&self, page: Page, which: Which) -> Result<Vec<OrderRow>, StoreError> {
        let open = match which {
            Which::All => "",
            Which::Open => " AND open = 1",
            Which::Closed => " AND open = 0",
        };
        list(&self.reader, "exchange_orders", &OrderRow::COLUMNS, "order_id", page, open)
            .await?
            .iter()
            .map(|row| Ok(OrderRow::from_columns(row_of(row)?)))
            .collect()
    }

    async fn trades(&self, page: Page) -> Result<Vec<TradeRow>, StoreError> {
        list(&self.reader, "exchange_trades", &TradeRow::COLUMNS, "trade", page, "")
            .await?
            .iter()
            .map(|row| Ok(TradeRow::from_columns(row_of(row)?)))
            .collect()
    }

    async fn outcome(&self, sequence: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let statement = "SELECT outcome FROM exchange_outcomes WHERE sequence = $1";
        let row = self.reader.query_opt(statement, &[&sequence.cast_signed()]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

/// A page of a table, newest first.
async fn list(
    client: &Client,
    table: &str,
    columns: &[&str],
    key: &str,
    page: Page,
    more: &str,
) -> Result<Vec<Row>, StoreError> {
    let (account, before) = (page.account.cast_signed(), page.end().cast_signed());
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let instrument = page.instrument.map(u64::cast_signed);
    let mut condition = format!("account = $1 AND {key} < $2{more}");
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&account, &before, &limit];
    if let Some(instrument) = &instrument {
        condition.push_str(" AND instrument = $4");
        parameters.push(instrument);
    }
    let statement = format!("{} ORDER BY {key} DESC LIMIT $3", select(table, columns, &condition));
    Ok(client.query(&statement, &parameters).await?)
}

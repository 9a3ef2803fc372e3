//! Reading and writing of order-flow files. All integers are little-endian.

use std::io::{ErrorKind, Read, Write};

use exchange_types::{AccountId, OrderId, PriceTicks, QuantityLots, Side};

use super::{Flow, Header, Operation, Record};

const MAGIC: [u8; 8] = *b"LOBWL001";
const HEADER_BYTES: usize = 64;
const FLAG_SELF_TRADE_PREVENTION: u32 = 1;
/// Records taken from the reader at once. Memory is reserved by what has arrived, never by what a header promises.
const RECORDS_AT_ONCE: usize = 4096;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The reader failed.
    #[error("reading at byte {offset}")]
    Read {
        /// Bytes read before.
        offset: u64,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
    /// The bytes are not an order-flow file.
    #[error("at byte {offset}: {problem}")]
    Malformed {
        /// Where the offending field begins.
        offset: u64,
        /// What is wrong there.
        problem: Problem,
    },
}

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file does not begin as the format demands.
    #[error("found no `LOBWL001`")]
    Magic,
    /// The records have another size.
    #[error("found records of {0} bytes, expected 32")]
    RecordSize(u32),
    /// A flag has no meaning.
    #[error("found flags {0:#x}, expected 0 or 1")]
    Flags(u32),
    /// More records for the prefill than records.
    #[error("found a prefill of {prefill} among {records} records")]
    Prefill {
        /// What the header says of the prefill.
        prefill: u64,
        /// What the header says of all records.
        records: u64,
    },
    /// The lowest price is above the highest.
    #[error("found prices from {lowest} to {highest}")]
    PriceRange {
        /// What the header says.
        lowest: i32,
        /// What the header says.
        highest: i32,
    },
    /// The header is not complete.
    #[error("the header ends after {0} of 64 bytes")]
    HeaderTruncated(usize),
    /// Fewer records than the header says.
    #[error("the file ends in record {found} of {expected}")]
    Truncated {
        /// The number, from 0, of the record that is missing or cut.
        found: u64,
        /// How many the header says.
        expected: u64,
    },
    /// More bytes than the header says.
    #[error("the file goes on after its last record")]
    Trailing,
    /// The operation is none of 0 to 7.
    #[error("found operation {0}, expected 0 to 7")]
    Operation(u8),
    /// The side is neither 0 nor 1.
    #[error("found side {0}, expected 0 or 1")]
    Side(u8),
    /// Reserved bytes are not zero.
    #[error("found {0:#x} in the reserved bytes, expected 0")]
    Reserved(u16),
    /// A new order with a limit has no price it could rest at.
    #[error("found price {0}, expected at least 1")]
    Price(i32),
    /// A new order has no quantity.
    #[error("found quantity 0 in a new order")]
    ZeroQuantity,
    /// A new order has the id that means none.
    #[error("found id 0 for a new order")]
    ZeroId,
    /// A new order has an id above the one the header says is the highest.
    #[error("found id {id} for a new order, expected at most {highest}")]
    IdAboveHighest {
        /// What the record says.
        id: u64,
        /// What the header says.
        highest: u64,
    },
}

impl Record {
    /// The size of a record, in a file and in memory.
    pub const BYTES: usize = 32;
}

impl Flow {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`FlowError`] with the offset: where the reader fails, or where the first thing stands that the format does not allow.
    pub fn read(reader: &mut impl Read) -> Result<Self, FlowError> {
        let mut bytes = [0; HEADER_BYTES];
        let found = fill(reader, &mut bytes, 0)?;
        if found < HEADER_BYTES {
            return Err(malformed(
                0,
                if bytes[..8] == MAGIC { Problem::HeaderTruncated(found) } else { Problem::Magic },
            ));
        }
        let (header, count) = header(&bytes)?;
        let mut records = Vec::new();
        let mut block = vec![0; Record::BYTES * RECORDS_AT_ONCE];
        let mut left = count;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(RECORDS_AT_ONCE) * Record::BYTES;
            let offset = offset_of(records.len());
            let found = fill(reader, &mut block[..wanted], offset)?;
            for bytes in block[..found].chunks_exact(Record::BYTES) {
                records.push(record(bytes, &header, offset_of(records.len()))?);
            }
            if found < wanted {
                let (found, expected) = (records.len() as u64, count);
                return Err(malformed(offset_of(records.len()), Problem::Truncated { found, expected }));
            }
            left -= (wanted / Record::BYTES) as u64;
        }
        if fill(reader, &mut [0], offset_of(records.len()))? != 0 {
            return Err(malformed(offset_of(records.len()), Problem::Trailing));
        }
        Ok(Self { header, records })
    }

    /// Writes a whole file. The writer should be buffered.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, writer: &mut impl Write) -> std::io::Result<()> {
        let header = &self.header;
        writer.write_all(&MAGIC)?;
        writer.write_all(&(Record::BYTES as u32).to_le_bytes())?;
        let flags = if header.self_trade_prevention { FLAG_SELF_TRADE_PREVENTION } else { 0 };
        writer.write_all(&flags.to_le_bytes())?;
        writer.write_all(&(self.records.len() as u64).to_le_bytes())?;
        writer.write_all(&header.prefill.to_le_bytes())?;
        writer.write_all(&header.lowest_price.to_le_bytes())?;
        writer.write_all(&header.highest_price.to_le_bytes())?;
        writer.write_all(&header.highest_id.to_le_bytes())?;
        writer.write_all(&header.seed.to_le_bytes())?;
        writer.write_all(&header.peak_live.to_le_bytes())?;
        for record in &self.records {
            let mut bytes = [0; Record::BYTES];
            bytes[0..8].copy_from_slice(&record.order.0.to_le_bytes());
            bytes[8..16].copy_from_slice(&record.new_order.0.to_le_bytes());
            bytes[16..20].copy_from_slice(&record.price.0.to_le_bytes());
            bytes[20..24].copy_from_slice(&record.quantity.0.to_le_bytes());
            bytes[24..28].copy_from_slice(&record.account.0.to_le_bytes());
            bytes[28] = record.operation as u8;
            bytes[29] = record.side as u8;
            writer.write_all(&bytes)?;
        }
        writer.flush()
    }
}

/// Reads until the buffer is full or the file ends; returns how much there was.
fn fill(reader: &mut impl Read, buffer: &mut [u8], offset: u64) -> Result<usize, FlowError> {
    let mut found = 0;
    while found < buffer.len() {
        match reader.read(&mut buffer[found..]) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => return Err(FlowError::Read { offset: offset + found as u64, source }),
        }
    }
    Ok(found)
}

fn header(bytes: &[u8; HEADER_BYTES]) -> Result<(Header, u64), FlowError> {
    if bytes[..8] != MAGIC {
        return Err(malformed(0, Problem::Magic));
    }
    let record_size = u32_at(bytes, 8);
    if record_size as usize != Record::BYTES {
        return Err(malformed(8, Problem::RecordSize(record_size)));
    }
    let flags = u32_at(bytes, 12);
    if flags & !FLAG_SELF_TRADE_PREVENTION != 0 {
        return Err(malformed(12, Problem::Flags(flags)));
    }
    let (records, prefill) = (u64_at(bytes, 16), u64_at(bytes, 24));
    if prefill > records {
        return Err(malformed(24, Problem::Prefill { prefill, records }));
    }
    let (lowest, highest) = (i32_at(bytes, 32), i32_at(bytes, 36));
    if lowest > highest {
        return Err(malformed(32, Problem::PriceRange { lowest, highest }));
    }
    let header = Header {
        self_trade_prevention: flags & FLAG_SELF_TRADE_PREVENTION != 0,
        prefill,
        lowest_price: lowest,
        highest_price: highest,
        highest_id: u64_at(bytes, 40),
        seed: u64_at(bytes, 48),
        peak_live: u64_at(bytes, 56),
    };
    Ok((header, records))
}

fn record(bytes: &[u8], header: &Header, offset: u64) -> Result<Record, FlowError> {
    let operation = Operation::from_code(bytes[28])
        .ok_or_else(|| malformed(offset + 28, Problem::Operation(bytes[28])))?;
    let side = match bytes[29] {
        0 => Side::Buy,
        1 => Side::Sell,
        other => return Err(malformed(offset + 29, Problem::Side(other))),
    };
    let reserved = u16::from_le_bytes([bytes[30], bytes[31]]);
    if reserved != 0 {
        return Err(malformed(offset + 30, Problem::Reserved(reserved)));
    }
    let (order, new_order) = (u64_at(bytes, 0), u64_at(bytes, 8));
    let (price, quantity) = (i32_at(bytes, 16), u32_at(bytes, 20));
    let replaces = operation == Operation::Replace;
    if operation.submits() || replaces {
        let (id, offset_of_id) = if replaces { (new_order, offset + 8) } else { (order, offset) };
        if id == 0 {
            return Err(malformed(offset_of_id, Problem::ZeroId));
        }
        if header.highest_id != 0 && id > header.highest_id {
            let problem = Problem::IdAboveHighest { id, highest: header.highest_id };
            return Err(malformed(offset_of_id, problem));
        }
        if price < 1 && operation != Operation::Market {
            return Err(malformed(offset + 16, Problem::Price(price)));
        }
        if quantity == 0 {
            return Err(malformed(offset + 20, Problem::ZeroQuantity));
        }
    }
    Ok(Record {
        order: OrderId(order),
        new_order: OrderId(new_order),
        // Nobody looks at the price of the operations that may carry a negative one; its bits are kept to be written back.
        price: PriceTicks(price.cast_unsigned()),
        quantity: QuantityLots(quantity),
        account: AccountId(u32_at(bytes, 24)),
        operation,
        side,
    })
}

/// Where the record with this number, from 0, begins.
const fn offset_of(record: usize) -> u64 {
    HEADER_BYTES as u64 + record as u64 * Record::BYTES as u64
}

const fn malformed(offset: u64, problem: Problem) -> FlowError {
    FlowError::Malformed { offset, problem }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

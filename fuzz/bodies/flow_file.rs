//! Order-flow files: reading ends without a panic, what is read is written back as the same bytes, and the books agree on it.
//!
//! A fuzzer rarely guesses how many records there are, so every input is read twice: as it is, and with the number in its
//! header made to match its length.

use std::io::Read;

use exchange_load::flow::{Flow, FlowError, Operation};
use exchange_load::replay::Book;

const HEADER: usize = 64;
const RECORD: usize = 32;
const COUNT_AT: usize = 16;

/// Reads one input as a file.
pub fn run(bytes: &[u8]) {
    read(bytes);
    if let Some(records) = bytes.len().checked_sub(HEADER) {
        let mut bytes = bytes[..HEADER + records / RECORD * RECORD].to_vec();
        bytes[COUNT_AT..COUNT_AT + 8].copy_from_slice(&((records / RECORD) as u64).to_le_bytes());
        read(&bytes);
    }
}

fn read(bytes: &[u8]) {
    let whole = Flow::read(&mut &bytes[..]);
    let drops = Flow::read(&mut Drops(bytes));
    match (whole, drops) {
        (Ok(flow), Ok(drops)) => {
            assert_eq!(flow, drops, "it does not matter in what pieces a file comes");
            let mut again = Vec::new();
            flow.write(&mut again).expect("memory takes all");
            assert_eq!(again, bytes, "there is one way to write a file");
            assert!(
                flow.records.capacity() * RECORD <= 2 * bytes.len() + 4 * RECORD,
                "memory by what was there"
            );
            replay(&flow);
        }
        (Err(error), Err(drops)) => {
            assert_eq!(
                error.to_string(),
                drops.to_string(),
                "it does not matter in what pieces a file comes"
            );
            let FlowError::Malformed { offset, .. } = error else {
                panic!("memory does not fail: {error}");
            };
            assert!(offset <= bytes.len() as u64, "{error} lies inside the {} bytes", bytes.len());
        }
        (whole, drops) => panic!("{:?} in one piece, {:?} in many", whole.err(), drops.err()),
    }
}

/// Three matchers have one key. An index of dense ids takes only those that ascend without great gaps.
fn replay(flow: &Flow) {
    let plain = Book::Plain.replay(flow).key;
    assert_eq!(Book::Reference.replay(flow).key, plain, "the reference book and the plain matcher agree");
    let fast = Book::Fast.replay(flow).key;
    if flow.header.highest_id == 0 || is_dense(flow) {
        assert_eq!(fast, plain, "the fast book and the plain matcher agree");
    }
}

fn is_dense(flow: &Flow) -> bool {
    let mut last = 0;
    flow.records.iter().all(|record| {
        let id = match record.operation {
            Operation::Replace => record.new_order.0,
            operation if operation.submits() => record.order.0,
            _ => return true,
        };
        let ascends = last < id && id < 1 << 20;
        last = id;
        ascends
    })
}

/// Gives out its bytes one, two, three at a time, and so on.
struct Drops<'bytes>(&'bytes [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = (self.0.len() % 61 + 1).min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

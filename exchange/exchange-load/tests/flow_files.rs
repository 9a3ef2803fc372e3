//! Order-flow files: what is written is read again, and what is not a file of this format is refused with offset and reason.

use std::error::Error;
use std::io::{self, Read};

use exchange_load::flow::{Flow, FlowError, Ids, Mix, Problem, Record, generate, scrambled};
use exchange_load::replay::Book;
use exchange_types::{OrderId, Side};

const HEADER_BYTES: usize = 64;

fn written(flow: &Flow) -> Vec<u8> {
    let mut bytes = Vec::new();
    flow.write(&mut bytes).expect("a vector takes everything");
    bytes
}

/// A short file in which record 0 is an order and some record is each of the operations.
fn sample() -> Vec<u8> {
    written(&generate(Mix::All, Ids::Dense, 5, Some(300)))
}

/// What a file with these bytes at this offset is refused for.
#[track_caller]
fn check(offset: usize, bytes: &[u8], expected_offset: u64, expected: Problem) {
    let mut file = sample();
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    refused(&file, expected_offset, expected);
}

#[track_caller]
fn refused(file: &[u8], expected_offset: u64, expected: Problem) {
    match Flow::read(&mut &file[..]) {
        Err(FlowError::Malformed { offset, problem }) => {
            assert_eq!((offset, problem), (expected_offset, expected));
        }
        other => panic!("expected {expected:?}, found {other:?}"),
    }
}

#[test]
fn what_is_written_is_read_again() {
    for mix in [Mix::Touch, Mix::Itch, Mix::All] {
        for ids in [Ids::Dense, Ids::Opaque] {
            let flow = generate(mix, ids, 3, Some(10_000));
            let bytes = written(&flow);
            assert_eq!(bytes.len(), HEADER_BYTES + flow.records.len() * Record::BYTES);
            assert_eq!(Flow::read(&mut &bytes[..]).expect("a file that was just written"), flow);
        }
    }
}

#[test]
fn bytes_stand_where_the_format_says() {
    let mut flow = generate(Mix::All, Ids::Dense, 5, Some(0));
    flow.records.truncate(1);
    flow.header.prefill = 1;
    let bytes = written(&flow);
    let record = flow.records[0];
    assert_eq!(bytes[..8], *b"LOBWL001");
    assert_eq!(bytes[8..12], 32_u32.to_le_bytes());
    assert_eq!(bytes[12..16], 1_u32.to_le_bytes());
    assert_eq!(bytes[16..24], 1_u64.to_le_bytes());
    assert_eq!(bytes[24..32], 1_u64.to_le_bytes());
    assert_eq!(bytes[32..36], 8_000_i32.to_le_bytes());
    assert_eq!(bytes[36..40], 12_000_i32.to_le_bytes());
    assert_eq!(bytes[40..48], 1_000_u64.to_le_bytes());
    assert_eq!(bytes[48..56], 5_u64.to_le_bytes());
    assert_eq!(bytes[56..64], 1_000_u64.to_le_bytes());
    assert_eq!(bytes[64..72], record.order.0.to_le_bytes());
    assert_eq!(bytes[80..84], record.price.0.to_le_bytes());
    assert_eq!(bytes[84..88], record.quantity.0.to_le_bytes());
    assert_eq!(bytes[88..92], record.account.0.to_le_bytes());
    assert_eq!(bytes[92..], [0, u8::from(record.side == Side::Sell), 0, 0]);
}

#[test]
fn a_bad_header_is_refused() {
    let records = ((sample().len() - HEADER_BYTES) / Record::BYTES) as u64;
    check(0, b"LOBWL002", 0, Problem::Magic);
    check(8, &48_u32.to_le_bytes(), 8, Problem::RecordSize(48));
    check(12, &2_u32.to_le_bytes(), 12, Problem::Flags(2));
    check(24, &u64::MAX.to_le_bytes(), 24, Problem::Prefill { prefill: u64::MAX, records });
    check(32, &12_001_i32.to_le_bytes(), 32, Problem::PriceRange { lowest: 12_001, highest: 12_000 });
    refused(b"", 0, Problem::Magic);
    refused(&sample()[..63], 0, Problem::HeaderTruncated(63));
}

#[test]
fn a_bad_record_is_refused() {
    let at = |offset: usize| HEADER_BYTES + Record::BYTES + offset;
    let start = (HEADER_BYTES + Record::BYTES) as u64;
    check(at(28), &[8], start + 28, Problem::Operation(8));
    check(at(29), &[2], start + 29, Problem::Side(2));
    check(at(30), &[0, 1], start + 30, Problem::Reserved(256));
    check(at(0), &0_u64.to_le_bytes(), start, Problem::ZeroId);
    check(at(16), &0_i32.to_le_bytes(), start + 16, Problem::Price(0));
    check(at(16), &(-1_i32).to_le_bytes(), start + 16, Problem::Price(-1));
    check(at(20), &0_u32.to_le_bytes(), start + 20, Problem::ZeroQuantity);
    let highest = Flow::read(&mut &sample()[..]).expect("the sample is a file").header.highest_id;
    let id = highest + 1;
    check(at(0), &id.to_le_bytes(), start, Problem::IdAboveHighest { id, highest });
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let file = sample();
    let expected = ((file.len() - HEADER_BYTES) / Record::BYTES) as u64;
    for length in HEADER_BYTES..file.len() {
        let found = ((length - HEADER_BYTES) / Record::BYTES) as u64;
        let offset = HEADER_BYTES as u64 + found * Record::BYTES as u64;
        refused(&file[..length], offset, Problem::Truncated { found, expected });
    }
}

#[test]
fn a_file_that_goes_on_is_refused() {
    let mut file = sample();
    file.push(0);
    refused(&file, file.len() as u64 - 1, Problem::Trailing);
}

#[test]
fn a_header_that_promises_more_records_than_memory_is_refused_where_the_file_ends() {
    let mut file = sample();
    let found = ((file.len() - HEADER_BYTES) / Record::BYTES) as u64;
    file[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    refused(&file, file.len() as u64, Problem::Truncated { found, expected: u64::MAX });
}

#[test]
fn a_reader_that_fails_is_named_with_the_offset() {
    struct Failing<'bytes>(&'bytes [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("the disk is gone"));
            }
            // Few bytes at a time, as a pipe gives them.
            let length = buffer.len().min(self.0.len()).min(7);
            self.0.read(&mut buffer[..length])
        }
    }
    let file = sample();
    let error = Flow::read(&mut Failing(&file[..200])).expect_err("the reader fails");
    assert!(matches!(error, FlowError::Read { offset: 200, .. }), "{error:?}");
    assert_eq!(error.source().expect("the cause is linked").to_string(), "the disk is gone");
}

#[test]
fn any_byte_may_be_wrong_without_a_panic() {
    let file = sample();
    for at in (0..HEADER_BYTES + 64 * Record::BYTES).chain(file.len() - Record::BYTES..file.len()) {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] = value;
            // Refused or not, depending on the byte; both are an answer.
            let _ = Flow::read(&mut &damaged[..]).map(|flow| flow.records.len());
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_file_and_another_seed_another() {
    let file = |seed| written(&generate(Mix::Itch, Ids::Dense, seed, Some(5_000)));
    assert_eq!(file(1), file(1));
    assert_ne!(file(1), file(2));
}

#[test]
fn opaque_ids_are_the_dense_ones_scrambled() {
    let dense = generate(Mix::All, Ids::Dense, 9, Some(5_000));
    let opaque = generate(Mix::All, Ids::Opaque, 9, Some(5_000));
    assert_eq!(opaque.header.highest_id, 0);
    let scrambled = |id: OrderId| OrderId(scrambled(id.0));
    for (dense, opaque) in dense.records.iter().zip(&opaque.records) {
        let expected =
            Record { order: scrambled(dense.order), new_order: scrambled(dense.new_order), ..*dense };
        assert_eq!(*opaque, expected);
    }
    assert_eq!(scrambled(OrderId(0)), OrderId(0), "no id stays no id");
}

/// Ids that the header calls dense, and that lie too far apart for an index of dense ids.
#[test]
fn ids_far_apart_are_replayed_all_the_same() {
    let mut flow = generate(Mix::All, Ids::Dense, 9, Some(2_000));
    let apart = |id: OrderId| OrderId(id.0.wrapping_mul(1 << 40));
    for record in &mut flow.records {
        *record = Record { order: apart(record.order), new_order: apart(record.new_order), ..*record };
    }
    flow.header.highest_id = u64::MAX;
    let plain = Book::Plain.replay(&flow).key;
    assert!(plain.trades.trades > 100, "{plain}");
    assert_eq!(Book::Fast.replay(&flow).key, plain);
}

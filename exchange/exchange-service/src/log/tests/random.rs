//! Random batches, random crashes: nothing promised is lost, nothing is invented, no gap.

use proptest::prelude::*;

use super::*;

/// One life of a process.
#[derive(Debug, Clone)]
struct Life {
    /// Batches of payload lengths, and whether a sync follows.
    batches: Vec<(Vec<usize>, bool)>,
    end: End,
}

#[derive(Debug, Clone)]
enum End {
    /// The process ends, the machine goes on.
    Killed,
    /// The machine ends; the bits say which sectors and names it keeps, over and over.
    PowerLost(Vec<bool>),
}

fn life() -> impl Strategy<Value = Life> {
    let batch = (prop::collection::vec(0..300_usize, 1..5), any::<bool>());
    let end =
        prop_oneof![Just(End::Killed), prop::collection::vec(any::<bool>(), 1..40).prop_map(End::PowerLost),];
    (prop::collection::vec(batch, 0..12), end).prop_map(|(batches, end)| Life { batches, end })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_promised_is_lost_whenever_the_process_or_the_machine_ends(
        lives in prop::collection::vec(life(), 1..6)
    ) {
        let storage = MemoryStorage::new();
        // What the log holds as far as anybody was told, and what was handed to it behind that.
        let mut promised: Vec<Vec<u8>> = Vec::new();
        let mut written: Vec<Vec<u8>> = Vec::new();
        for (index, life) in lives.iter().enumerate() {
            let epoch = index as u32 + 1;
            let (mut log, recovery) = open(&storage, epoch);
            let last = recovery.last.0 as usize;
            prop_assert!(last >= promised.len(), "{last} records are left of {}", promised.len());
            prop_assert!(last <= written.len());
            written.truncate(last);
            promised = written.clone();
            let mut reader = log.reader(Sequence(1)).unwrap();
            for (at, expected) in written.iter().enumerate() {
                let record = reader.next().unwrap().unwrap();
                prop_assert_eq!(record.sequence.0 as usize, at + 1);
                prop_assert_eq!(record.payload, &expected[..]);
            }
            prop_assert_eq!(reader.next().unwrap(), None);
            for (lengths, sync) in &life.batches {
                let mut batch = Payloads::new();
                for length in lengths {
                    let payload = vec![written.len() as u8 | 1; *length];
                    batch.push(&payload);
                    written.push(payload);
                }
                log.append(TimestampNs(u64::from(epoch)), &batch).unwrap();
                promised.truncate(log.durable().0 as usize);
                if *sync {
                    log.sync().unwrap();
                }
                promised = written[..log.durable().0 as usize].to_vec();
            }
            drop(log);
            if let End::PowerLost(bits) = &life.end {
                let mut bits = bits.iter().cycle();
                storage.lose_power(&mut || *bits.next().unwrap());
            }
        }
        let (_, recovery) = open(&storage, 100);
        prop_assert!(recovery.last.0 as usize >= promised.len());
        prop_assert!(recovery.last.0 as usize <= written.len());
    }
}

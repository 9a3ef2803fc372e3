//! Steps between risk and matching: decoding ends without a panic, what decodes is written back as the same bytes, and whatever a
//! step says, both kinds of books take it, do the same and know whether it is what was expected.
//!
//! The steps of an input stand one after the other, as in a stream. No fuzzer guesses a digest, so what a step does is compared
//! with what the same step does elsewhere.

use exchange_core::book::{OrderBook, ReferenceBook};
use exchange_core::matching::{BookMaker, Matching};
use exchange_core::risk::Admitted;
use exchange_core::step::{Step, StepBuffer, digest_of};
use exchange_types::EventBuffer;

/// Books of an input, each of which has memory of its own.
const LISTINGS_MAX: usize = 16;

/// Carries out the steps that one input begins with.
pub fn run(bytes: &[u8]) {
    let mut fast = Matching::new(BookMaker::fast().with_seed(3));
    let mut reference: Matching<ReferenceBook> = Matching::new(BookMaker::reference());
    let (mut rest, mut buffer, mut again) = (bytes, StepBuffer::new(), Vec::new());
    let (mut events, mut expected, mut listings) = (EventBuffer::new(), EventBuffer::new(), 0);
    loop {
        let peeked = StepBuffer::peek(rest);
        let (step, length) = match buffer.decode(rest) {
            Ok(decoded) => decoded,
            Err(malformed) => {
                assert!(malformed.offset <= rest.len(), "{malformed} lies inside the {} bytes", rest.len());
                assert!((100..190).contains(&malformed.reason.code()), "{malformed} is a decoder's reason");
                return;
            }
        };
        assert_eq!(peeked, Ok((step.sequence, length)), "the header says it all");
        again.clear();
        step.encode(&mut again);
        assert_eq!(again, rest[..length], "there is one way to write a step: {step:?}");
        listings += step.admitted.iter().filter(|admitted| matches!(admitted, Admitted::Listing(_))).count();
        if listings > LISTINGS_MAX {
            return;
        }
        events.clear();
        expected.clear();
        let result = fast.carry_out(&step, &mut events);
        assert_eq!(result, reference.carry_out(&step, &mut expected), "both books agree or disagree");
        assert_eq!(*events, *expected, "both books answer alike");
        if let Err(diverged) = result {
            let found = digest_of(&events);
            assert_eq!((diverged.sequence, diverged.found), (step.sequence, found));
            assert!(found != step.digest || !is_possible(&step, &fast), "it is said why");
        }
        rest = &rest[length..];
    }
}

/// Whether there are books for all of a step that has been carried out.
fn is_possible<B: OrderBook>(step: &Step<'_>, matching: &Matching<B>) -> bool {
    step.admitted.iter().all(|admitted| match admitted {
        Admitted::Book { instrument, .. } => matching.book(*instrument).is_some(),
        Admitted::Listing(_) => false,
    })
}

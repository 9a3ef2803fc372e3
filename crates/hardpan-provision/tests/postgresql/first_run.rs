//! A first run, a second one, and a look before either.

use hardpan_provision::step::Verdict;

use crate::bench::{Bench, EVERYTHING};
use crate::support::postgresql::{self, Server};

#[tokio::test]
async fn a_first_run_makes_everything_and_a_second_one_changes_nothing() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    let first = bench.run(EVERYTHING).await;
    assert_eq!(first.exit(), 0, "{:#?}", first.report.outcomes);
    let second = bench.run(EVERYTHING).await;
    assert_eq!(second.but(Verdict::Unchanged), Vec::<String>::new());
    assert_eq!(second.exit(), 0);
    eprintln!("first run {:?}, second run {:?}", first.report.elapsed, second.report.elapsed);
    for line in &first.events { eprintln!("{}", line.human()); }
}

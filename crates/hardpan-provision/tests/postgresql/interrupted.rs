//! A run that ends in the middle, at every place: the next one finishes the work.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hardpan_provision::Event;
use hardpan_provision::step::Verdict;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::bench::{Bench, NUMBERED, NUMBERED_OBJECTS};
use crate::support::postgresql::Server;

#[tokio::test]
async fn a_run_killed_after_any_step_is_finished_by_the_next_one() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    for step in 1..=NUMBERED_OBJECTS {
        bench.variable("N", &step.to_string());
        let (killed, done) = (Rc::new(Notify::new()), Rc::new(Cell::new(0)));
        let watch = {
            let (killed, done) = (Rc::clone(&killed), Rc::clone(&done));
            move |event: &Event| {
                if matches!(event, Event::Outcome(_)) {
                    done.set(done.get() + 1);
                    if done.get() == step {
                        killed.notify_one();
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = killed.notified() => {}
            // After the last step there is nothing to kill but the look at what was done.
            run = bench.run_as(NUMBERED, &[], false, watch) => assert_eq!(run.exit(), 0),
        }
        assert!(done.get() >= step);
        let next = bench.run(NUMBERED).await;
        assert_eq!(next.exit(), 0, "after step {step}: {:#?}", next.report.outcomes);
        let left: Vec<Verdict> = next.report.outcomes.iter().map(|one| one.verdict).collect();
        let unchanged = left.iter().take_while(|verdict| **verdict == Verdict::Unchanged).count();
        assert!(unchanged >= step, "what was done is not done again: {left:?}");
        let last = bench.run(NUMBERED).await;
        assert_eq!(last.but(Verdict::Unchanged), Vec::<String>::new(), "after step {step}");
    }
}

#[tokio::test]
async fn a_connection_lost_anywhere_is_taken_up_again_by_the_same_run() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::new(&server);
    let mut were_cut = 0;
    // Every third message, so that logins, queries, statements and transactions are all hit.
    for at in (1..).step_by(3) {
        let cutter = Cutter::start(server.port, at).await;
        bench.variable("PORT", &cutter.port.to_string());
        bench.variable("N", &at.to_string());
        let run = bench.run(NUMBERED).await;
        assert_eq!(run.exit(), 0, "cut at message {at}: {:#?}", run.report.outcomes);
        let again = bench.run(NUMBERED).await;
        assert_eq!(again.but(Verdict::Unchanged), Vec::<String>::new(), "cut at message {at}");
        if cutter.messages.load(Ordering::Relaxed) < at {
            break;
        }
        were_cut += 1;
    }
    assert!(were_cut > 10, "only {were_cut} places were tried");
}

/// Stands between hardpan and the server, and cuts every connection when a certain message comes by, once.
struct Cutter {
    port: u16,
    /// How many came by.
    messages: Arc<AtomicUsize>,
}

impl Cutter {
    async fn start(server: u16, at: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let messages = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&messages);
        let (cut, _) = tokio::sync::broadcast::channel::<()>(1);
        // It ends with the runtime of its test.
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (counter, cut) = (Arc::clone(&counter), cut.clone());
                tokio::spawn(async move {
                    let mut ended = cut.subscribe();
                    tokio::select! {
                        _ = ended.recv() => {}
                        () = forward(client, server, at, &counter, &cut) => {}
                    }
                });
            }
        });
        Self { port, messages }
    }
}

async fn forward(
    mut client: TcpStream,
    server: u16,
    at: usize,
    counter: &AtomicUsize,
    cut: &tokio::sync::broadcast::Sender<()>,
) {
    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read {
                Ok(length @ 1..) => {
                    let is_cut = counter.fetch_add(1, Ordering::Relaxed) + 1 == at;
                    // The message gets through, and its answer does not: whether it was carried out is not known.
                    let sent = server.write_all(&asked[..length]).await;
                    if is_cut {
                        let _ = cut.send(());
                    }
                    if is_cut || sent.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(length @ 1..) if client.write_all(&answered[..length]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}

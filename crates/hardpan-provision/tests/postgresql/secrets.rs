//! Secrets are looked for wherever they could have got to.
#![expect(clippy::disallowed_methods, reason = "what the operating system shows of this process is read")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bench::{Bench, EVERYTHING};
use crate::support::fresh_password;
use crate::support::postgresql::Server;

#[tokio::test]
async fn no_secret_is_in_any_output_log_process_listing_or_catalog() {
    let Some(server) = Server::start() else { return };
    let mut bench = Bench::new(&server);
    let mut canaries = vec![bench.secret_of("admin"), bench.secret_of("n8n")];
    let listing = Listing::watch();

    assert_eq!(bench.run(EVERYTHING).await.exit(), 0);
    bench.secret("n8n", &fresh_password());
    canaries.push(bench.secret_of("n8n"));
    assert_eq!(bench.run(EVERYTHING).await.exit(), 0);
    // An error that the server repeats the statement of in its log.
    server.query("ALTER ROLE n8n SUPERUSER");
    server.query("CREATE ROLE limited LOGIN CREATEROLE PASSWORD 'limited'");
    bench.secret("admin", "limited");
    let limited = EVERYTHING.replace("password_file: admin", "password_file: admin\n    user: limited");
    bench.secret("n8n", &fresh_password());
    canaries.push(bench.secret_of("n8n"));
    assert_eq!(bench.run(&limited).await.exit(), 1);
    let wrong = fresh_password();
    bench.secret("admin", &wrong);
    canaries.push(wrong);
    bench.timeout = std::time::Duration::from_secs(1);
    assert_eq!(bench.run(EVERYTHING).await.exit(), 3);

    let log = server.log();
    assert!(log.contains("CREATE ROLE") && log.contains("SCRAM-SHA-256$4096:"), "statements are logged");
    assert!(log.contains("permission denied") || log.contains("must be superuser"), "the error was logged");
    let listed = listing.end();
    assert!(listed.contains("postgres"), "the listing has processes in it");
    let activity = server.query("SELECT string_agg(query, ' ') FROM pg_stat_activity")[0][0].clone();
    let said = bench.said();
    for canary in &canaries {
        for (place, text) in
            [("output", &said), ("server log", &log), ("processes", &listed), ("activity", &activity)]
        {
            assert!(!text.contains(canary.as_str()), "a secret is in the {place}");
        }
    }
    // The verifier is no secret like a password, but nothing of it is said either.
    assert!(!said.contains("SCRAM-SHA-256$"), "a verifier was said");
}

/// Command lines and environments of every process, looked at again and again.
struct Listing {
    is_over: Arc<AtomicBool>,
    looking: std::thread::JoinHandle<String>,
}

impl Listing {
    fn watch() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let looking = std::thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                let mut seen = std::collections::BTreeSet::new();
                while !is_over.load(Ordering::Relaxed) {
                    for process in std::fs::read_dir("/proc").unwrap().flatten() {
                        for file in ["cmdline", "environ"] {
                            if let Ok(text) = std::fs::read(process.path().join(file)) {
                                seen.insert(String::from_utf8_lossy(&text).into_owned());
                            }
                        }
                    }
                    std::thread::sleep(std::time::Duration::from_millis(50));
                }
                seen.into_iter().collect::<Vec<_>>().join("\n")
            }
        });
        Self { is_over, looking }
    }

    fn end(self) -> String {
        self.is_over.store(true, Ordering::Relaxed);
        self.looking.join().unwrap()
    }
}

//! The service as a process that is killed, stopped, or has no room left.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use exchange_service::net::{Address, Client, REFUSED, Unavailable};

use super::support::{DEADLINE, FollowerOfLog, block_on, id_of, send, submitter};

/// A process.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    reader: Option<JoinHandle<()>>,
}

/// What a process left.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) lines: Vec<String>,
}

impl Process {
    pub(crate) fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_persistence"))
            .env_clear()
            .env("DATA_DIR", folder)
            .env("PERSISTENCE_LISTEN", "127.0.0.1:0")
            .env("TICK_INTERVAL", "24h")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // Where the test is over, nobody reads any more.
                drop(send.send(line));
            }
        });
        Self { child, lines, seen: Vec::new(), reader: Some(reader) }
    }

    /// Waits for a line.
    pub(crate) fn line(&mut self, part: &str) -> String {
        let began = Instant::now();
        loop {
            let rest = DEADLINE.saturating_sub(began.elapsed());
            let line = self.lines.recv_timeout(rest);
            let line = line.unwrap_or_else(|_| panic!("no line with {part:?} in {:#?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Its address, once it is ready.
    pub(crate) fn address(&mut self) -> Address {
        let line = self.line("\"listening\"");
        let start = line.find("127.0.0.1:").unwrap();
        let end = line[start..].find('"').unwrap();
        let address: Address = format!("http://{}", &line[start..start + end]).parse().unwrap();
        let began = Instant::now();
        block_on(async {
            while Client::new().get_bytes(&address, "/ready").await.is_err() {
                assert!(began.elapsed() < DEADLINE, "it does not become ready: {:#?}", self.seen);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        address
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Output {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < DEADLINE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        self.reader.take().unwrap().join().unwrap();
        let mut lines = std::mem::take(&mut self.seen);
        lines.extend(self.lines.try_iter());
        Output { code: status.code(), lines }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_killed_service_loses_nothing_that_was_durable_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept: Vec<u64> = Vec::new();
    let mut epoch = 0;
    for round in 0..5_u64 {
        let mut process =
            Process::start(folder.path(), &[("LOG_SEGMENT_BYTES", "65536"), ("SNAPSHOT_EVENTS", "500")]);
        let address = process.address();
        block_on(async {
            // Everything that an earlier life called durable is there, and what follows it came from the same life.
            let mut follower = FollowerOfLog::open(&address, 0, 0).await;
            let last = follower.link.position;
            assert!(last >= kept.len() as u64, "round {round}: {last} records, {} were durable", kept.len());
            let ids: Vec<u64> = follower.up_to(last).await.iter().map(|got| id_of(&got.payload)).collect();
            assert_eq!(ids[..kept.len()], kept, "round {round}");
            assert!(follower.link.epoch > epoch);
            epoch = follower.link.epoch;
            kept = ids;
            let gateway = submitter(&address, 1).await;
            let mut next = round * 100_000;
            while kept.len() < last as usize + 2_000 {
                send(&gateway, next + 1..=next + 50).await;
                next += 50;
                let got = follower.next().await;
                kept.extend(got.iter().map(|got| id_of(&got.payload)));
            }
            kept.truncate(follower.durable as usize);
        });
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }
}

#[test]
fn a_service_that_is_told_to_end_writes_what_it_has_and_tells_its_followers() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path(), &[]);
    let address = process.address();
    let sent = block_on(async {
        let mut follower = FollowerOfLog::open(&address, 0, 0).await;
        let gateway = submitter(&address, 1).await;
        send(&gateway, 1..=1_000).await;
        follower.up_to(1_000).await;
        send(&gateway, 1_001..=1_500).await;
        process.signal("-TERM");
        // Every record that comes is durable before the stream ends.
        while follower.link.reader.fill().await.is_ok() {
            let before = follower.position;
            if follower.link.reader.ready().is_none() {
                break;
            }
            assert!(before >= 1_000);
        }
        follower.position
    });
    let output = process.wait();
    assert_eq!(output.code, Some(0), "{:#?}", output.lines);
    assert!(output.lines.iter().any(|line| line.contains("the log is closed")));
    let mut process = Process::start(folder.path(), &[]);
    let address = process.address();
    block_on(async {
        let mut follower = FollowerOfLog::open(&address, 0, 0).await;
        let last = follower.link.position;
        assert!(last >= sent);
        let ids: Vec<u64> = follower.up_to(last).await.iter().map(|got| id_of(&got.payload)).collect();
        assert_eq!(ids, (1..=last).collect::<Vec<u64>>());
    });
    process.signal("-TERM");
    let output = process.wait();
    // The drain before has left a snapshot of the last record, so nothing had to be folded.
    assert!(output.lines.iter().any(|line| line.contains("\"folded\":0")), "{:#?}", output.lines);
}

/// A small file system in memory; `None` where this process may not make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

#[test]
fn a_full_disk_stops_the_log_and_the_service_says_so_and_keeps_answering() {
    let Some(disk) = SmallDisk::mount("2m") else {
        super::support::skipped("a small file system cannot be mounted here, so no disk fills");
        return;
    };
    let mut process =
        Process::start(disk.0.path(), &[("LOG_SEGMENT_BYTES", "65536"), ("SNAPSHOT_INTERVAL", "24h")]);
    let address = process.address();
    let durable = block_on(async {
        let mut follower = FollowerOfLog::open(&address, 0, 0).await;
        let mut gateway = submitter(&address, 1).await;
        let mut next = 0;
        let refused = 'full: loop {
            send(&gateway, next + 1..=next + 100).await;
            next += 100;
            loop {
                tokio::select! {
                    frame = gateway.reader.next() => {
                        let frame = frame.unwrap().unwrap();
                        assert_eq!(frame.kind, REFUSED);
                        break 'full frame.payload.to_vec();
                    }
                    got = follower.next() => if !got.is_empty() && follower.position == next { break },
                    // Nobody can say what became of those that were taken when the disk was full; the next is refused.
                    () = tokio::time::sleep(Duration::from_millis(200)) => send(&gateway, [0]).await,
                }
            }
        };
        assert_eq!(Unavailable::from_code(refused[8]), Some(Unavailable::Stopped));
        // It answers, and says why it takes nothing.
        let health = Client::new().get_bytes(&address, "/health").await.unwrap_err().to_string();
        assert!(health.contains("503"), "{health}");
        let position = follower.durable;
        let mut reader = FollowerOfLog::open(&address, 0, 0).await;
        assert_eq!(reader.up_to(position).await.len() as u64, reader.position);
        position
    });
    process.line("the log is stopped and takes nothing any more");
    assert!(process.seen.last().unwrap().contains("No space left"), "{:?}", process.seen.last());
    process.signal("-TERM");
    assert_eq!(process.wait().code, Some(0));
    // Room was made: everything that was durable is there.
    for entry in std::fs::read_dir(disk.0.path().join("log")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("segment.new") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(
        Command::new("mount").args(["-o", "remount,size=8m"]).arg(disk.0.path()).status().unwrap().success()
    );
    let mut process = Process::start(disk.0.path(), &[("LOG_SEGMENT_BYTES", "65536")]);
    let address = process.address();
    block_on(async {
        let mut follower = FollowerOfLog::open(&address, 0, 0).await;
        assert!(follower.link.position >= durable);
        let got = follower.up_to(durable).await;
        assert!(got.iter().zip(1..).all(|(got, id)| id_of(&got.payload) == id));
    });
}

#[test]
fn a_disk_without_room_for_a_snapshot_is_said_and_the_next_one_is_made_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("8m") else {
        super::support::skipped("a small file system cannot be mounted here, so no disk fills");
        return;
    };
    let filler = disk.0.path().join("filler");
    // The log has its segments and goes on.
    let settings =
        [("LOG_SEGMENT_BYTES", "262144"), ("SNAPSHOT_INTERVAL", "100ms"), ("TICK_INTERVAL", "20ms")];
    let mut process = Process::start(disk.0.path(), &settings);
    let address = process.address();
    process.line(".snapshot\"");
    let mut bytes = vec![0; 1 << 20];
    while !bytes.is_empty() {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&filler).unwrap();
        if std::io::Write::write_all(&mut file, &bytes).is_err() {
            bytes.truncate(bytes.len() / 2);
        }
    }
    process.line("no snapshot was made");
    assert!(process.seen.last().unwrap().contains("No space left"), "{:?}", process.seen.last());
    assert!(!disk.0.path().join("log/snapshot.new").exists());
    block_on(async {
        let ready = Client::new().get_bytes(&address, "/ready").await.unwrap();
        let report: serde_json::Value = serde_json::from_slice(&ready).unwrap();
        assert_eq!(report["parts"]["snapshots"]["status"], "degraded", "{report}");
    });
    std::fs::remove_file(&filler).unwrap();
    process.line(".snapshot\"");
    process.signal("-TERM");
    assert_eq!(process.wait().code, Some(0));
}

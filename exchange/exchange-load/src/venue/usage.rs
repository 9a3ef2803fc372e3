//! What processes use, from `/proc`.

use std::time::Duration;

use anyhow::{Context, Result};

/// Processor time and memory of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all its threads, ended ones as well.
    pub processor: Duration,
    /// Bytes that are resident.
    pub resident_bytes: u64,
}

impl Usage {
    /// What a process has used up to now.
    ///
    /// # Errors
    /// When there is no such process, or the system has no `/proc`.
    pub fn of(process: u32) -> Result<Self> {
        Ok(Self { processor: processor_time(process)?, resident_bytes: resident_bytes(process)? })
    }
}

/// User and system time of all threads of a process. The system counts hundredths of seconds.
///
/// # Errors
/// When there is no such process.
pub fn processor_time(process: u32) -> Result<Duration> {
    let text = read(process, "stat")?;
    // The name of the program stands in brackets and may hold anything, spaces and brackets included.
    let (_, fields) = text.rsplit_once(')').context("`stat` has no name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // Counted from the state, which is the third field: user time is the 14th, system time the 15th.
    let ticks = |index: usize| -> Result<u64> {
        fields.get(index).and_then(|field| field.parse().ok()).context("`stat` lacks its times")
    };
    let ticks = ticks(11)? + ticks(12)?;
    Ok(Duration::from_nanos(ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second()))
}

/// Bytes that are resident.
///
/// # Errors
/// When there is no such process.
pub fn resident_bytes(process: u32) -> Result<u64> {
    let text = read(process, "status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("`status` has no VmRSS")? * 1024)
}

fn read(process: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{process}/{file}");
    std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_works_is_counted() {
        let id = std::process::id();
        let before = Usage::of(id).unwrap();
        let began = std::time::Instant::now();
        let mut number = 1_u64;
        while Usage::of(id).unwrap().processor < before.processor + Duration::from_millis(50) {
            for _ in 0..100_000 {
                number = std::hint::black_box(number.wrapping_mul(3));
            }
            assert!(began.elapsed() < Duration::from_secs(60), "work is not counted");
        }
        assert!(before.resident_bytes > 1_000_000);
    }
}

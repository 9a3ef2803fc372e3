//! What the disk can do when nobody has to be told: write the bytes of a batch, sync, again.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long the file is. It is written from end to end, over and over.
const FILE_BYTES: u64 = 64 << 20;

/// Syncs batches of `records` records of `record_bytes` for as long as told; returns records per second.
pub(crate) fn run(folder: &Path, records: usize, record_bytes: usize, time: Duration) -> Result<f64> {
    let path = folder.join("bare");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .with_context(|| format!("creating {}", path.display()))?;
    let zeroes = vec![0; 1 << 20];
    for offset in (0..FILE_BYTES).step_by(zeroes.len()) {
        file.write_all_at(&zeroes, offset)?;
    }
    file.sync_all()?;
    let batch: Vec<u8> = (0..records * record_bytes).map(|index| (index % 251) as u8).collect();
    let mut offset = 0;
    let mut batches = 0_u64;
    let began = Instant::now();
    while began.elapsed() < time {
        if offset + batch.len() as u64 > FILE_BYTES {
            offset = 0;
        }
        file.write_all_at(&batch, offset)?;
        file.sync_data()?;
        offset += batch.len() as u64;
        batches += 1;
    }
    let rate = (batches * records as u64) as f64 / began.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(rate)
}

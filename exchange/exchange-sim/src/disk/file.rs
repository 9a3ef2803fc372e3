//! One simulated file: what a reader sees now, and how to get back to every state a crash may leave.
//!
//! It knows nothing of names or of faults that are due. A newcomer needs to know one thing: the content is always the newest;
//! everything since the last completed sync can be undone sector by sector, in order or out of order.

use crate::random::Random;

/// The unit that a disk writes whole, in bytes.
pub const SECTOR_BYTES: usize = 512;

/// What a crash leaves of the writes since the last completed sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing is lost: the cache was written back just in time.
    Nothing,
    /// Everything is lost.
    Everything,
    /// A prefix of the sectors stays, in the order in which they were written.
    Prefix,
    /// As a prefix, and the first lost sector is torn inside.
    TornSector,
    /// Each sector stays or goes for itself, in one of the versions it has had.
    Reordered,
}

impl Loss {
    /// Every kind of loss.
    pub const ALL: [Self; 5] =
        [Self::Nothing, Self::Everything, Self::Prefix, Self::TornSector, Self::Reordered];
}

#[derive(Debug, Clone)]
enum Undo {
    /// A sector as it was before a write; bytes past the end of the file count as zero.
    Sector {
        index: usize,
        before: Box<[u8; SECTOR_BYTES]>,
        /// A failed sync has made the system believe that the sector was written: later syncs pass it over.
        believed_clean: bool,
    },
    /// The length of the file before it changed.
    Length(usize),
}

/// The content of a file and its way back.
#[derive(Debug, Clone, Default)]
pub struct SimFile {
    content: Vec<u8>,
    undo: Vec<Undo>,
}

impl SimFile {
    /// What a reader sees.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// True where a crash may change what a reader sees.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Writes bytes at an offset; the file grows where it must.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if end > self.content.len() {
            self.set_length(end);
        }
        let mut at = offset;
        while at < end {
            let index = at / SECTOR_BYTES;
            let stop = end.min((index + 1) * SECTOR_BYTES);
            self.remember(index);
            self.content[at..stop].copy_from_slice(&bytes[at - offset..stop - offset]);
            at = stop;
        }
    }

    /// Makes the file longer, with zeros, or shorter.
    pub fn set_length(&mut self, length: usize) {
        if length < self.content.len() {
            // What is cut off may come back with the old length.
            for index in length / SECTOR_BYTES..self.content.len().div_ceil(SECTOR_BYTES) {
                self.remember(index);
            }
        }
        self.undo.push(Undo::Length(self.content.len()));
        self.content.resize(length, 0);
    }

    /// A completed sync: there is no way back, except for sectors that the system passes over because an earlier sync failed
    /// on them and nobody has written them since.
    pub fn sync(&mut self) {
        let mut written: Vec<usize> = Vec::new();
        for undo in &self.undo {
            if let Undo::Sector { index, believed_clean: false, .. } = undo {
                written.push(*index);
            }
        }
        self.undo.retain(|undo| match undo {
            Undo::Sector { index, believed_clean, .. } => *believed_clean && !written.contains(index),
            Undo::Length(_) => false,
        });
    }

    /// A failed sync of the worst kind: everything looks as if it were written, and nothing is.
    pub fn believe_clean(&mut self) {
        for undo in &mut self.undo {
            if let Undo::Sector { believed_clean, .. } = undo {
                *believed_clean = true;
            }
        }
    }

    /// Loses some of what was written since the last completed sync, and keeps the rest for good.
    pub fn lose(&mut self, loss: Loss, random: &mut Random) {
        let undo = std::mem::take(&mut self.undo);
        let kept = match loss {
            Loss::Nothing => undo.len(),
            Loss::Everything => 0,
            Loss::Prefix | Loss::TornSector => random.index(undo.len() + 1),
            Loss::Reordered => {
                self.lose_reordered(&undo, random);
                return;
            }
        };
        let torn = if loss == Loss::TornSector { random.index(SECTOR_BYTES) } else { 0 };
        for (position, entry) in undo.iter().enumerate().skip(kept).rev() {
            match entry {
                Undo::Length(length) => self.content.resize(*length, 0),
                Undo::Sector { index, before, .. } => {
                    let from = if position == kept { torn } else { 0 };
                    self.restore(*index, before, from);
                }
            }
        }
    }

    /// Flips one bit, as rot does: no way back and no trace.
    pub fn flip(&mut self, offset: usize, bit: u8) {
        if let Some(byte) = self.content.get_mut(offset) {
            *byte ^= 1 << (bit % 8);
        }
    }

    fn lose_reordered(&mut self, undo: &[Undo], random: &mut Random) {
        // The length and each sector go back to the state before one of their changes, or stay as they are.
        let mut sectors: Vec<usize> = Vec::new();
        let mut lengths: Vec<usize> = Vec::new();
        for entry in undo {
            match entry {
                Undo::Sector { index, .. } => sectors.push(*index),
                Undo::Length(length) => lengths.push(*length),
            }
        }
        sectors.sort_unstable();
        sectors.dedup();
        let length = match random.index(lengths.len() + 1) {
            0 => self.content.len(),
            pick => lengths[pick - 1],
        };
        for sector in sectors {
            let versions: Vec<&[u8; SECTOR_BYTES]> = undo
                .iter()
                .filter_map(|entry| match entry {
                    Undo::Sector { index, before, .. } if *index == sector => Some(&**before),
                    _ => None,
                })
                .collect();
            let pick = random.index(versions.len() + 1);
            if let Some(before) = versions.get(pick) {
                self.restore(sector, before, 0);
            }
        }
        self.content.resize(length, 0);
    }

    fn remember(&mut self, index: usize) {
        self.undo.push(Undo::Sector { index, before: self.sector(index), believed_clean: false });
    }

    fn sector(&self, index: usize) -> Box<[u8; SECTOR_BYTES]> {
        let mut before = Box::new([0; SECTOR_BYTES]);
        let start = (index * SECTOR_BYTES).min(self.content.len());
        let end = (start + SECTOR_BYTES).min(self.content.len());
        before[..end - start].copy_from_slice(&self.content[start..end]);
        before
    }

    /// Puts a sector back from the byte `from` on, as far as the file reaches.
    fn restore(&mut self, index: usize, before: &[u8; SECTOR_BYTES], from: usize) {
        let start = (index * SECTOR_BYTES + from).min(self.content.len());
        let end = ((index + 1) * SECTOR_BYTES).min(self.content.len());
        let bytes = &before[from..];
        self.content[start..end].copy_from_slice(&bytes[..end - start]);
    }
}

#[cfg(test)]
mod tests {
    use super::{Loss, SECTOR_BYTES, SimFile};
    use crate::random::Random;

    fn synced(byte: u8, length: usize) -> SimFile {
        let mut file = SimFile::default();
        file.write(0, &vec![byte; length]);
        file.sync();
        file
    }

    #[test]
    fn what_was_synced_survives_every_loss() {
        for loss in Loss::ALL {
            for seed in 0..50 {
                let mut file = synced(1, 3_000);
                file.write(3_000, &[2; 2_000]);
                file.write(3_500, &[3; 900]);
                file.lose(loss, &mut Random::new(seed));
                assert_eq!(file.content()[..3_000], [1; 3_000], "{loss:?} {seed}");
                assert!(!file.is_dirty());
            }
        }
    }

    #[test]
    fn losing_everything_is_the_state_of_the_last_sync() {
        let mut file = synced(1, 700);
        file.write(600, &[2; 700]);
        file.set_length(100);
        file.write(90, &[4; 20]);
        file.lose(Loss::Everything, &mut Random::new(1));
        assert_eq!(file.content(), [1; 700]);
    }

    #[test]
    fn a_prefix_keeps_whole_sectors_in_the_order_of_writing() {
        for seed in 0..100 {
            let mut file = synced(0, 4 * SECTOR_BYTES);
            file.write(0, &[7; 4 * SECTOR_BYTES]);
            file.lose(Loss::Prefix, &mut Random::new(seed));
            let kept = file.content().iter().filter(|byte| **byte == 7).count();
            assert_eq!(kept % SECTOR_BYTES, 0);
            assert!(file.content()[..kept].iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn a_sector_passed_over_after_a_failed_sync_is_lost_unless_it_is_written_again() {
        let mut file = synced(1, 2 * SECTOR_BYTES);
        file.write(0, &[2; 2 * SECTOR_BYTES]);
        file.believe_clean();
        file.sync();
        file.write(0, &[2; SECTOR_BYTES]);
        file.sync();
        assert_eq!(file.content(), [2; 2 * SECTOR_BYTES]);
        file.lose(Loss::Everything, &mut Random::new(1));
        assert_eq!(file.content()[..SECTOR_BYTES], [2; SECTOR_BYTES]);
        assert_eq!(file.content()[SECTOR_BYTES..], [1; SECTOR_BYTES]);
    }

    #[test]
    fn reordering_can_keep_a_later_sector_without_an_earlier_one() {
        let found = (0..100).any(|seed| {
            let mut file = synced(0, 2 * SECTOR_BYTES);
            file.write(0, &[7; 2 * SECTOR_BYTES]);
            file.lose(Loss::Reordered, &mut Random::new(seed));
            file.content()[0] == 0 && file.content()[SECTOR_BYTES] == 7
        });
        assert!(found);
    }

    #[test]
    fn a_torn_sector_is_new_before_and_old_after_the_tear() {
        let found = (0..200).any(|seed| {
            let mut file = synced(0, SECTOR_BYTES);
            file.write(0, &[7; SECTOR_BYTES]);
            file.lose(Loss::TornSector, &mut Random::new(seed));
            let kept = file.content().iter().take_while(|byte| **byte == 7).count();
            kept > 0 && kept < SECTOR_BYTES && file.content()[kept..].iter().all(|byte| *byte == 0)
        });
        assert!(found);
    }
}

//! Tokens that have been verified.
//!
//! Not responsible for verifying. A newcomer needs to know one thing: verifying a signature costs ten times what the rest of a
//! request costs, and a client sends the same token for hours; so the hash of a token that held is remembered until it expires.
//! Only tokens that hold are remembered, so nobody without one can fill the memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::identity::Identity;

/// How many tokens are remembered in each of the two generations.
const GENERATION_MAX: usize = 8_192;

/// A SHA-256 of a token.
pub(super) type TokenHash = [u8; 32];

/// Two generations: when the young one is full it becomes the old one, and what was old is forgotten. What is used again moves to
/// the young one, so what is in use stays.
#[derive(Debug, Default)]
pub(super) struct Cache {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<TokenHash, Arc<Identity>>,
    old: HashMap<TokenHash, Arc<Identity>>,
}

impl Cache {
    pub(super) fn get(&self, hash: &TokenHash) -> Option<Arc<Identity>> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = generations.young.get(hash) {
            return Some(Arc::clone(identity));
        }
        let identity = generations.old.remove(hash)?;
        generations.put(*hash, Arc::clone(&identity));
        Some(identity)
    }

    pub(super) fn put(&self, hash: TokenHash, identity: Arc<Identity>) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.put(hash, identity);
    }

    /// Forgets one, which has expired.
    pub(super) fn remove(&self, hash: &TokenHash) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.remove(hash);
        generations.old.remove(hash);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let generations = self.generations.lock().unwrap();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn put(&mut self, hash: TokenHash, identity: Arc<Identity>) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, identity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Scopes;

    fn hash(number: u32) -> TokenHash {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_le_bytes());
        hash
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let cache = Cache::default();
        let identity =
            Arc::new(Identity { account: None, scopes: Scopes::default(), tier: None, expires_at: 0 });
        cache.put(hash(0), Arc::clone(&identity));
        for number in 1..100_000 {
            cache.put(hash(number), Arc::clone(&identity));
            assert!(cache.get(&hash(0)).is_some());
        }
        assert!(cache.len() <= 2 * GENERATION_MAX);
        assert!(cache.get(&hash(1)).is_none());
        cache.remove(&hash(0));
        assert!(cache.get(&hash(0)).is_none());
    }
}

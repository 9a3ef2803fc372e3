//! `extra_hosts`: host names and the addresses written for them, one or several each.
//!
//! Addresses are not checked: the reference hands them to the engine as they are.

use std::collections::BTreeMap;
use std::fmt;

/// Why an `extra_hosts` entry cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostsError {
    /// There is neither `=` nor `:` in it.
    MissingAddress {
        /// The whole entry.
        entry: String,
    },
    /// The host name is empty or contains a separator.
    HostName {
        /// The name.
        name: String,
    },
}

impl fmt::Display for HostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingAddress { entry } => write!(f, "invalid additional host, missing IP: {entry}"),
            Self::HostName { name } => write!(f, "bad host name '{name}'"),
        }
    }
}

impl std::error::Error for HostsError {}

/// Host names and their addresses (compose-spec, services, extra_hosts, as compose-go 2.9.1 does).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    by_name: BTreeMap<String, Vec<String>>,
}

impl Hosts {
    /// No hosts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry of the list form, `host=address[,address…]` or `host:address`. The first `=` separates when
    /// there is one, so that `host=::1` is read as intended. Addresses of a repeated host are appended.
    ///
    /// # Errors
    /// [`HostsError::MissingAddress`] without a separator.
    pub fn add_entry(&mut self, entry: &str) -> Result<(), HostsError> {
        let (name, addresses) = entry
            .split_once('=')
            .or_else(|| entry.split_once(':'))
            .ok_or_else(|| HostsError::MissingAddress { entry: entry.to_owned() })?;
        let known = self.by_name.entry(name.to_owned()).or_default();
        known.extend(addresses.split(',').map(str::to_owned));
        Ok(())
    }

    /// Sets a host of the mapping form; here a comma does not separate addresses.
    pub fn set<I>(&mut self, name: &str, addresses: I)
    where
        I: IntoIterator<Item = String>,
    {
        self.by_name.insert(name.to_owned(), addresses.into_iter().collect());
    }

    /// The sorted `host=address` list, in which addresses have lost their brackets.
    ///
    /// # Errors
    /// [`HostsError::HostName`] for a name that is empty or contains `:` or `=`; the first one in order of names,
    /// where the reference reports any of them.
    pub fn to_list(&self) -> Result<Vec<String>, HostsError> {
        if let Some(name) = self.by_name.keys().find(|name| name.is_empty() || name.contains([':', '='])) {
            return Err(HostsError::HostName { name: name.clone() });
        }
        let mut list: Vec<String> = self
            .by_name
            .iter()
            .flat_map(|(name, addresses)| {
                addresses.iter().map(move |address| format!("{name}={}", without_brackets(address)))
            })
            .collect();
        list.sort();
        Ok(list)
    }
}

/// Reads the list form and gives the list that the reference prints.
///
/// # Errors
/// As [`Hosts::add_entry`] and [`Hosts::to_list`].
pub fn parse_hosts<'a, I>(entries: I) -> Result<Vec<String>, HostsError>
where
    I: IntoIterator<Item = &'a str>,
{
    let mut hosts = Hosts::new();
    for entry in entries {
        hosts.add_entry(entry)?;
    }
    hosts.to_list()
}

fn without_brackets(address: &str) -> &str {
    match address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) if !inner.is_empty() => inner,
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::{Hosts, parse_hosts};

    #[test]
    fn entries_become_a_sorted_list() {
        // Compared with Docker Compose 2.40.3.
        type Case<'a> = (&'a [&'a str], Result<&'a [&'a str], &'a str>);
        let cases: &[Case<'_>] = &[
            (&["a=1.2.3.4"], Ok(&["a=1.2.3.4"])),
            (&["a:1.2.3.4"], Ok(&["a=1.2.3.4"])),
            (&["a:::1"], Ok(&["a=::1"])),
            (&["a=[::1]"], Ok(&["a=::1"])),
            (&["a:[::1],2"], Ok(&["a=2", "a=::1"])),
            (&["a=1,2"], Ok(&["a=1", "a=2"])),
            (&["a=2", "b:3", "a=1"], Ok(&["a=1", "a=2", "b=3"])),
            (&["a="], Ok(&["a="])),
            (&["a=[]"], Ok(&["a=[]"])),
            (&["a=["], Ok(&["a=["])),
            (&["a=b=c"], Ok(&["a=b=c"])),
            (&["[a]=1"], Ok(&["[a]=1"])),
            (&["a = 1"], Ok(&["a = 1"])),
            (&["a:b=c"], Err("bad host name 'a:b'")),
            (&["=1"], Err("bad host name ''")),
            (&["a"], Err("invalid additional host, missing IP: a")),
            (&[""], Err("invalid additional host, missing IP: ")),
        ];
        for (entries, expected) in cases {
            let found = parse_hosts(entries.iter().copied()).map_err(|error| error.to_string());
            let expected = expected
                .map(|list| list.iter().map(|&entry| entry.to_owned()).collect::<Vec<_>>())
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{entries:?}");
        }
    }

    #[test]
    fn mapping_form_keeps_commas() {
        let mut hosts = Hosts::new();
        hosts.set("a", ["1,2".to_owned(), "[::1]".to_owned()]);
        assert_eq!(hosts.to_list(), Ok(vec!["a=1,2".to_owned(), "a=::1".to_owned()]));
    }
}

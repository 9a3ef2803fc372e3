//! Both stores.

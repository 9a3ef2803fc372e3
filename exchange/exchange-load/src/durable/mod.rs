//! Durable acknowledgements of the five services beside a bare loop, in the same run and with the same client.

pub mod bare;

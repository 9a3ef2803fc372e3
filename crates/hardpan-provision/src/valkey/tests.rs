//! Tests of the plan of a cluster.

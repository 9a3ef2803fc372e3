//! Dockerfiles and what is read out of them.

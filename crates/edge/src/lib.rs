//! edge
#![forbid(unsafe_code)]

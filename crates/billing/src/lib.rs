//! billing
#![forbid(unsafe_code)]

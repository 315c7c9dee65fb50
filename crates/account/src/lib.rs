//! account
#![forbid(unsafe_code)]

//! lockout
#![forbid(unsafe_code)]

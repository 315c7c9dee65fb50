//! guard
#![forbid(unsafe_code)]

//! Values as bytes behind other bytes, in one buffer that is used again.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Puts a value behind what is there already; on an error all is as before.
pub(crate) fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> postcard::Result<()> {
    let before = out.len();
    let put = postcard::serialize_with_flavor(value, Behind(out));
    if put.is_err() {
        out.truncate(before);
    }
    put
}

struct Behind<'a>(&'a mut Vec<u8>);

impl Flavor for Behind<'_> {
    type Output = ();

    #[inline]
    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    #[inline]
    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

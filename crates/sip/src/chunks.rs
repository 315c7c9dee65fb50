//! A list that grows without moving what is in it: to double a list of half a million transactions is to copy a hundred
//! megabytes, and meanwhile a worker hears nobody.

const BITS: u32 = 8;
/// Values of one chunk.
const CHUNK: usize = 1 << BITS;

/// Values found by their places, which begin at 0.
#[derive(Debug)]
pub(crate) struct Chunks<T>(Vec<Vec<T>>);

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Chunks<T> {
    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }

    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        self.0.get(place >> BITS)?.get(place % CHUNK)
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.0.get_mut(place >> BITS)?.get_mut(place % CHUNK)
    }

    /// Appends a value.
    pub(crate) fn push(&mut self, value: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(value),
            // The first one grows as it is needed: most lists stay short.
            None => self.0.push(vec![value]),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(value);
                self.0.push(chunk);
            }
        }
    }

    /// All values in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_where_they_were_put() {
        let mut chunks = Chunks::default();
        assert_eq!((chunks.len(), chunks.get(0)), (0, None));
        for place in 0..3 * CHUNK + 1 {
            assert_eq!(chunks.len(), place);
            chunks.push(place);
        }
        assert!(chunks.iter().copied().eq(0..3 * CHUNK + 1));
        for place in [0, CHUNK - 1, CHUNK, 3 * CHUNK] {
            assert_eq!(chunks.get(place), Some(&place));
        }
        *chunks.get_mut(CHUNK).unwrap() = 7;
        assert_eq!((chunks.get(CHUNK), chunks.get(3 * CHUNK + 1)), (Some(&7), None));
    }

    #[test]
    fn nothing_moves_when_more_comes() {
        let mut chunks = Chunks::default();
        (0..=CHUNK).for_each(|place| chunks.push(place));
        let before: *const usize = chunks.get(CHUNK).unwrap();
        (0..100 * CHUNK).for_each(|place| chunks.push(place));
        assert!(std::ptr::eq(before, chunks.get(CHUNK).unwrap()));
    }
}

//! The words of mails about the node itself.

pub(in crate::render) const NODE: &str = "Node";
pub(in crate::render) const SINCE: &str = "Since";
pub(in crate::render) const WHAT_IT_MEANS: &str = "What it means";

/// Where to look while it lasts.
const LOOK: &str = "“tollguard status” on the machine tells how the node fares.";
const PORTAL: &str = "Open the portal";

/// The small line above the title.
pub(in crate::render) fn kicker(node: &str) -> String {
    format!("Tollguard at {node}, for its administrators")
}

/// Why whoever gets it gets it.
pub(in crate::render) fn footer(node: &str) -> [String; 1] {
    [format!("This mail goes to everybody who is an administrator of {node} in its portal.")]
}

pub(in crate::render) mod full {
    //! No room on the disk.
    use super::super::steps::Words;
    use super::{LOOK, PORTAL};

    pub(in crate::render) fn title(node: &str) -> String {
        format!("The disk of {node} is full")
    }
    pub(in crate::render) const LEAD: &str = "Nothing can be written down, so calls that cost money are refused.";
    pub(in crate::render) const MEANS: [&str; 2] = [
        "Calls that run go on, and so do emergency calls and calls among phones.",
        "Should the node crash before there is room, what running calls cost meanwhile is not billed.",
    ];
    pub(in crate::render) const STEP: Words = ["Make room on the disk of the data directory", LOOK, PORTAL];
}

pub(in crate::render) mod hung {
    //! The disk does not answer.
    use super::super::steps::Words;
    use super::{LOOK, PORTAL};

    pub(in crate::render) fn title(node: &str) -> String {
        format!("The disk of {node} does not answer")
    }
    pub(in crate::render) const LEAD: &str =
        "A write has been under way for so long that the disk may never finish it. What spends money waits for it.";
    pub(in crate::render) const MEANS: [&str; 2] = [
        "New calls that cost money wait and then fail. Emergency calls go through.",
        "Calls that run are hung up when what is set aside for them is used up.",
    ];
    pub(in crate::render) const STEP: Words = ["Find out what holds up the disk of the data directory", LOOK, PORTAL];
}

pub(in crate::render) mod over {
    //! All is well again.
    pub(in crate::render) fn title(node: &str) -> String {
        format!("The disk of {node} takes everything again")
    }
    pub(in crate::render) const LEAD: &str = "Everything that waited is written down. Calls go on as before.";
}

//! Settings to copy into PBXs and phones, ready-made for one line.

use account::LineKind;

/// What all recipes are made of.
pub(crate) struct Access<'a> {
    pub(crate) kind: LineKind,
    /// User name for authentication.
    pub(crate) user: &'a str,
    pub(crate) secret: &'a str,
    /// The realm, which is also the domain.
    pub(crate) domain: &'a str,
    /// Host and port.
    pub(crate) server: &'a str,
}

/// Settings for one product.
pub(crate) struct Recipe {
    pub(crate) title: &'static str,
    /// Where they go.
    pub(crate) place: &'static str,
    pub(crate) text: String,
}

/// All recipes, those that are likelier for the kind of line first.
pub(crate) fn all(access: &Access<'_>) -> Vec<Recipe> {
    let pbxs = [asterisk(access), freepbx(access), freeswitch(access), three_cx(access)];
    let phones = [yealink(access), grandstream(access), snom(access), app(access)];
    match access.kind {
        LineKind::Trunk => pbxs.into_iter().chain(phones).collect(),
        LineKind::Extension => phones.into_iter().chain(pbxs).collect(),
    }
}

fn host_and_port<'a>(access: &Access<'a>) -> (&'a str, &'a str) {
    // An IPv6 address stands in brackets, so that the last colon is the port's.
    access.server.rsplit_once(':').unwrap_or((access.server, "5060"))
}

/// For Asterisk's configuration, in which a semicolon begins a comment.
fn conf(text: &str) -> String {
    text.replace(';', "\\;")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn asterisk(access: &Access<'_>) -> Recipe {
    let (user, secret, domain, server) = (conf(access.user), conf(access.secret), access.domain, access.server);
    let text = format!(
        "[tollguard]
type=registration
transport=transport-udp
outbound_auth=tollguard
server_uri=sip:{domain}
client_uri=sip:{user}@{domain}
outbound_proxy=sip:{server}\\;lr
contact_user={user}
retry_interval=60

[tollguard]
type=auth
auth_type=digest
username={user}
password={secret}

[tollguard]
type=aor
contact=sip:{domain}

[tollguard]
type=endpoint
transport=transport-udp
context=from-tollguard
disallow=all
allow=alaw,ulaw
outbound_auth=tollguard
outbound_proxy=sip:{server}\\;lr
aors=tollguard
from_user={user}
from_domain={domain}
direct_media=no

[tollguard]
type=identify
endpoint=tollguard
match={host}
",
        host = host_and_port(access).0,
    );
    Recipe {
        title: "Asterisk (PJSIP)",
        place: "Add to pjsip.conf, then `pjsip reload`. Before Asterisk 20 write auth_type=userpass.",
        text,
    }
}

fn freepbx(access: &Access<'_>) -> Recipe {
    let (host, port) = host_and_port(access);
    let text = format!(
        "General
  Trunk Name               tollguard
pjsip Settings, General
  Username                 {user}
  Auth username            {user}
  Secret                   {secret}
  Authentication           Outbound
  Registration             Send
  SIP Server               {domain}
  SIP Server Port          {port}
pjsip Settings, Advanced
  Outbound Proxy           sip:{host}:{port}\\;lr
  Contact User             {user}
  From Domain              {domain}
  From User                {user}
  Client URI               sip:{user}@{domain}
  Server URI               sip:{domain}
pjsip Settings, Codecs     alaw, ulaw
",
        user = access.user,
        secret = access.secret,
        domain = access.domain,
    );
    Recipe { title: "FreePBX", place: "Connectivity, Trunks, Add Trunk, Add SIP (chan_pjsip) Trunk.", text }
}

fn freeswitch(access: &Access<'_>) -> Recipe {
    let text = format!(
        "<include>
  <gateway name=\"tollguard\">
    <param name=\"username\" value=\"{user}\"/>
    <param name=\"password\" value=\"{secret}\"/>
    <param name=\"realm\" value=\"{domain}\"/>
    <param name=\"proxy\" value=\"{domain}\"/>
    <param name=\"register-proxy\" value=\"{server}\"/>
    <param name=\"outbound-proxy\" value=\"{server}\"/>
    <param name=\"from-domain\" value=\"{domain}\"/>
    <param name=\"register\" value=\"true\"/>
    <param name=\"expire-seconds\" value=\"300\"/>
    <param name=\"caller-id-in-from\" value=\"false\"/>
  </gateway>
</include>
",
        user = xml(access.user),
        secret = xml(access.secret),
        domain = xml(access.domain),
        server = xml(access.server),
    );
    Recipe {
        title: "FreeSWITCH",
        place: "Save as conf/sip_profiles/external/tollguard.xml, then `sofia profile external rescan`.",
        text,
    }
}

fn three_cx(access: &Access<'_>) -> Recipe {
    let (host, port) = host_and_port(access);
    let text = format!(
        "Registrar/Server           {domain}   port {port}
Outbound Proxy             {host}   port {port}
Type of Authentication     Register/Account based
Authentication ID          {user}
Authentication Password    {secret}
Codecs                     PCMA, PCMU
",
        user = access.user,
        secret = access.secret,
        domain = access.domain,
    );
    Recipe { title: "3CX", place: "Voice & Chat, Add Trunk, Generic SIP Trunk.", text }
}

fn yealink(access: &Access<'_>) -> Recipe {
    let (host, port) = host_and_port(access);
    let text = format!(
        "Line Active                Enabled
Register Name              {user}
User Name                  {user}
Password                   {secret}
SIP Server 1 Host          {domain}   Port {port}
Enable Outbound Proxy      Enabled
Outbound Proxy Server 1    {host}   Port {port}
Transport                  UDP
Server Expires             300
",
        user = access.user,
        secret = access.secret,
        domain = access.domain,
    );
    Recipe { title: "Yealink", place: "On the phone's web page: Account, Register.", text }
}

fn grandstream(access: &Access<'_>) -> Recipe {
    let text = format!(
        "Account Active             Yes
SIP Server                 {domain}
Outbound Proxy             {server}
SIP User ID                {user}
Authenticate ID            {user}
Authenticate Password      {secret}
SIP Transport              UDP
",
        user = access.user,
        secret = access.secret,
        domain = access.domain,
        server = access.server,
    );
    Recipe { title: "Grandstream", place: "On the phone's web page: Accounts, Account 1, General Settings.", text }
}

fn snom(access: &Access<'_>) -> Recipe {
    let text = format!(
        "Account                    {user}
Password                   {secret}
Registrar                  {domain}
Outbound Proxy             {server}
Authentication Username    {user}
",
        user = access.user,
        secret = access.secret,
        domain = access.domain,
        server = access.server,
    );
    Recipe { title: "Snom", place: "On the phone's web page: Setup, Identity 1, Login.", text }
}

fn app(access: &Access<'_>) -> Recipe {
    let text = format!(
        "Username                   {user}
Password                   {secret}
Domain                     {domain}
Outbound proxy             sip:{server};transport=udp
",
        user = access.user,
        secret = access.secret,
        domain = access.domain,
        server = access.server,
    );
    Recipe {
        title: "Apps (Linphone, Zoiper, MicroSIP)",
        place: "Use a SIP account, or log in with your own provider.",
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(kind: LineKind) -> Access<'static> {
        Access {
            kind,
            user: "law&107",
            secret: "7kq2m-x0v9d-3ntgh-w84ze",
            domain: "sip.rockymtn.example",
            server: "[2001:db8::1]:5060",
        }
    }

    #[test]
    fn each_holds_all_that_is_needed() {
        for recipe in all(&access(LineKind::Trunk)) {
            for part in ["7kq2m-x0v9d-3ntgh-w84ze", "sip.rockymtn.example", "2001:db8::1"] {
                assert!(recipe.text.contains(part), "{} lacks {part}", recipe.title);
            }
        }
        assert!(freeswitch(&access(LineKind::Trunk)).text.contains("value=\"law&amp;107\""));
        assert_eq!(host_and_port(&access(LineKind::Trunk)), ("[2001:db8::1]", "5060"));
    }

    #[test]
    fn phones_come_first_for_a_phone() {
        assert_eq!(all(&access(LineKind::Extension))[0].title, "Yealink");
        assert_eq!(all(&access(LineKind::Trunk))[0].title, "Asterisk (PJSIP)");
    }
}

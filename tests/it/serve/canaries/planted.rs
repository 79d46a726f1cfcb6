//! The keys that are planted.

/// Keys of the house, and keys in fields for keys: (where it stands, the key).
pub const HOUSE: &[(&str, &str)] = &[
    ("OMBUD_SERVER_TOKEN", "canary0token0of0the0house"),
    ("OPENAI_API_KEY", "canary1key1in1the1environment"),
    ("api_key in the config", "canary2key2in2the2config"),
    ("a header of a provider", "canary3header3of3a3provider"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "canary4header4of4traces"),
    ("api_key_file in the config", "canary5key5in5a5file"),
    ("agentOptions of a session", "canary6option6of6a6session"),
    ("runtimeSettings of a session", "canary7setting7of7a7session"),
    ("the model of a session", "canary8model8of8a8session"),
    ("what clients keep about a session", "canary9kept9about9a9session"),
    ("a change of what clients keep", "canary10changed10about10a10session"),
    ("attributes of the house's own API", "canary11attribute11of11a11session"),
    ("changed attributes of the house's own API", "canary12attribute12changed12"),
    ("attributes of a question", "canary13attribute13of13a13question"),
    ("pins of a question", "canary14pins14of14a14question"),
    ("attributes of an import", "canary15attribute15of15an15import"),
    ("a wrong token in a header", "canary16wrong16token16"),
    ("a wrong token in an address", "canary17wrong17token17"),
    ("a wrong token of a socket", "canary18wrong18token18"),
    ("labels of the house's own API", "canary19label19of19a19session"),
    ("OMBUD_ADMIN_PASSWORD", "canary27password27of27the27administrator"),
    ("the password of an account", "canary28password28of28somebody"),
    ("a password in a wrong form", "canary29password29in29an29object"),
    ("a password in the place of a name", "canary30password30as30a30name 30"),
];

/// Keys that somebody said: (where it stands, a text that holds it, the part to look for).
pub const SAID: &[(&str, &str, &str)] = &[
    ("the question", "sk-proj-canary20typed20into20a20prompt", "canary20typed"),
    ("a file that is read", "AWS_SECRET_ACCESS_KEY=canary21in21a21file", "canary21in"),
    ("arguments of a call", "password: canary22in22arguments", "canary22in"),
    ("the name of a file", "ghp_canary23in23the23name23of23a23file", "canary23in"),
    ("the output of a command", "Authorization: Bearer canary24said24by24a24command", "canary24said"),
    // Commands get it because the configuration says so, and may print it.
    ("a variable of commands", "canary25variable25of25commands", "canary25variable"),
    ("the name of a session", "token=canary26in26a26name", "canary26in"),
];

/// One of the house.
pub fn house(place: &str) -> &'static str {
    HOUSE.iter().find(|(known, _)| *known == place).unwrap().1
}

/// One that somebody said.
pub fn said(place: &str) -> &'static str {
    SAID.iter().find(|(known, ..)| *known == place).unwrap().1
}

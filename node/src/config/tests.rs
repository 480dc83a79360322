use super::*;

fn none() -> std::iter::Empty<(String, String)> {
    std::iter::empty()
}

fn variables(list: &[(&str, &str)]) -> std::vec::IntoIter<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into_iter()
}

/// Writes a file and loads it.
fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(FILE), text).unwrap();
    Config::load(home.path(), variables(environment))
}

#[test]
fn the_written_file_has_every_key_and_says_the_same() {
    let pin = ledger_core::fixture::node_key(2, ledger_core::membership::Purpose::Peer).public();
    let peers = vec![
        PeerSection { node: NodeNumber(2), address: "qingdao.example:7070".to_owned(), pin: Some(pin) },
        PeerSection { node: NodeNumber(3), address: "[::1]:7070".to_owned(), pin: None },
    ];
    let network = NetworkSection { peers, ..NetworkSection::default() };
    for config in [Config::default(), Config { network, ..Config::default() }] {
        let text = config.to_toml();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config, "{text}");
        let table = toml::Table::try_from(&config).unwrap();
        for (section, keys) in &table {
            assert!(text.contains(&format!("[{section}]")), "{section}");
            for key in keys.as_table().unwrap().keys() {
                let stands = |line: &str| line.starts_with(&format!("{key} = "));
                assert!(text.lines().any(stands) || text.contains(&format!("[[{section}.{key}]]")), "{section}.{key}");
            }
        }
    }
}

#[test]
fn a_home_without_a_file_has_the_defaults_and_one_is_written_once() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(Config::load(home.path(), none()).unwrap(), Config::default());
    let path = Config::default().write(home.path()).unwrap();
    assert_eq!(path, home.path().join("node.toml"));
    assert_eq!(Config::load(home.path(), none()).unwrap(), Config::default());
    assert!(matches!(Config::default().write(home.path()), Err(ConfigError::Exists(_))));
}

#[test]
fn what_is_not_known_is_refused_with_its_line() {
    for (text, wanted) in [
        ("[http]\nlisten = \"127.0.0.1:1\"\nlisen = \"127.0.0.1:1\"\n", "line 3"),
        ("[htp]\n", "line 1"),
        ("[network]\n[[network.peers]]\nnode = 1\naddress = \"a:1\"\nkey = \"\"\n", "line 5"),
        ("[http]\nlisten = 7080\n", "line 2"),
        ("[log]\nformat = \"xml\"\n", "line 2"),
    ] {
        let error = load(text, &[]).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("node.toml"), "{error}");
    }
}

#[test]
fn values_that_make_no_sense_are_refused_by_name() {
    for (text, key) in [
        ("[http]\nmax_connections = 0\n", "http.max_connections"),
        ("[store]\nhot_blocks = 0\n", "store.hot_blocks"),
        ("[[network.peers]]\nnode = 1\naddress = \"qingdao.example\"\n", "network.peers.address"),
        ("[[network.peers]]\nnode = 1\naddress = \":7070\"\n", "network.peers.address"),
        ("[[network.peers]]\nnode = 1\naddress = \"a:0\"\n", "network.peers.address"),
    ] {
        let error = load(text, &[]).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn variables_go_before_the_file() {
    let file = "[http]\nlisten = \"127.0.0.1:1\"\nmax_streams = 2\n";
    let set = [
        ("LUQI_HTTP_LISTEN", "127.0.0.1:9"),
        ("LUQI_LOG_FORMAT", "json"),
        ("LUQI_STORE_HOT_BLOCKS", "77"),
        ("LUQI_NETWORK_PEERS", r#"[{node = 2, address = "qingdao.example:7070"}]"#),
        ("LUQI_HOME", "is none of ours"),
        ("PATH", "/bin"),
    ];
    let config = load(file, &set).unwrap();
    assert_eq!((config.http.listen.port(), config.http.max_streams), (9, 2));
    assert_eq!((config.log.format, config.store.hot_blocks), (LogFormat::Json, 77));
    assert_eq!(config.network.peers[0].address, "qingdao.example:7070");
    for (name, value) in [
        ("LUQI_HTTP_LISTN", "127.0.0.1:9"),
        ("LUQI_HTTP_LISTEN", "nowhere"),
        ("LUQI_HTTP_BURST", "many"),
        ("LUQI_NETWORK_PEERS", "qingdao"),
    ] {
        let error = load(file, &[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

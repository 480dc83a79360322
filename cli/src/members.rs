//! The province and its cities, as test networks and fictitious data use them.

/// Division code, name in Chinese, name in English.
pub(crate) type Division = (&'static str, &'static str, &'static str);

/// The province first, then its cities by code.
pub(crate) const MEMBERS: [Division; 17] = [
    ("370000", "山东省", "Shandong"),
    ("370100", "济南市", "Jinan"),
    ("370200", "青岛市", "Qingdao"),
    ("370300", "淄博市", "Zibo"),
    ("370400", "枣庄市", "Zaozhuang"),
    ("370500", "东营市", "Dongying"),
    ("370600", "烟台市", "Yantai"),
    ("370700", "潍坊市", "Weifang"),
    ("370800", "济宁市", "Jining"),
    ("370900", "泰安市", "Tai'an"),
    ("371000", "威海市", "Weihai"),
    ("371100", "日照市", "Rizhao"),
    ("371300", "临沂市", "Linyi"),
    ("371400", "德州市", "Dezhou"),
    ("371500", "聊城市", "Liaocheng"),
    ("371600", "滨州市", "Binzhou"),
    ("371700", "菏泽市", "Heze"),
];

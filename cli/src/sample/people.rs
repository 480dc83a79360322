//! People and employers that do not exist.

use super::Stream;
use super::calendar::Day;
use crate::seeded::Seeded;
use ledger_core::annex::{resident_id, uscc};

/// Districts (GB/T 2260), and the city that each belongs to.
const DISTRICTS: [(&str, &str); 56] = [
    ("370102", "济南"),
    ("370103", "济南"),
    ("370104", "济南"),
    ("370105", "济南"),
    ("370112", "济南"),
    ("370113", "济南"),
    ("370114", "济南"),
    ("370202", "青岛"),
    ("370203", "青岛"),
    ("370211", "青岛"),
    ("370212", "青岛"),
    ("370213", "青岛"),
    ("370214", "青岛"),
    ("370302", "淄博"),
    ("370303", "淄博"),
    ("370304", "淄博"),
    ("370305", "淄博"),
    ("370402", "枣庄"),
    ("370403", "枣庄"),
    ("370481", "枣庄"),
    ("370502", "东营"),
    ("370503", "东营"),
    ("370523", "东营"),
    ("370602", "烟台"),
    ("370611", "烟台"),
    ("370613", "烟台"),
    ("370681", "烟台"),
    ("370702", "潍坊"),
    ("370704", "潍坊"),
    ("370705", "潍坊"),
    ("370783", "潍坊"),
    ("370811", "济宁"),
    ("370812", "济宁"),
    ("370832", "济宁"),
    ("370902", "泰安"),
    ("370911", "泰安"),
    ("370982", "泰安"),
    ("371002", "威海"),
    ("371003", "威海"),
    ("371082", "威海"),
    ("371102", "日照"),
    ("371103", "日照"),
    ("371122", "日照"),
    ("371302", "临沂"),
    ("371311", "临沂"),
    ("371312", "临沂"),
    ("371323", "临沂"),
    ("371402", "德州"),
    ("371403", "德州"),
    ("371502", "聊城"),
    ("371503", "聊城"),
    ("371602", "滨州"),
    ("371603", "滨州"),
    ("371625", "滨州"),
    ("371702", "菏泽"),
    ("371703", "菏泽"),
];

const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",
    "彭", "欧阳",
];
const GIVEN: [&str; 48] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀", "霞",
    "平", "刚", "桂", "英", "华", "玉", "萍", "红", "鹏", "辉", "玲", "飞", "鑫", "波", "斌", "宇", "浩", "凯", "晨",
    "欣", "雨", "佳", "梦", "子", "文", "海", "春", "国", "建",
];
const BRANDS: [&str; 32] = [
    "禾润", "泰和", "海岳", "鲁源", "齐盛", "安泰", "明湖", "金穗", "远航", "恒信", "瑞丰", "嘉禾", "华岳", "众诚",
    "凌云", "长风", "天衢", "蓝湾", "新程", "博远", "宏图", "百川", "锦程", "云帆", "广济", "东岳", "昌乐", "正和",
    "同创", "万邦", "启明", "佳木",
];
const TRADES: [&str; 24] = [
    "机械",
    "纺织",
    "食品",
    "建筑工程",
    "物流",
    "化工",
    "电子科技",
    "信息技术",
    "商贸",
    "餐饮管理",
    "物业服务",
    "汽车零部件",
    "生物科技",
    "家居",
    "服装",
    "农业开发",
    "人力资源",
    "医疗器械",
    "文化传媒",
    "装饰工程",
    "新材料",
    "水产",
    "包装印刷",
    "环保科技",
];

/// Somebody with a document and a telephone.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) name: String,
    /// 证件类型
    pub(super) id_type: &'static str,
    pub(super) id_no: String,
    pub(super) phone: String,
}

impl Person {
    /// Somebody of working age on a day; one of a hundred is from abroad.
    pub(super) fn draw(rng: &mut Seeded, day: Day) -> Self {
        if rng.permille(10) {
            return Self::from_abroad(rng);
        }
        let mut name = rng.pick(&SURNAMES).to_owned();
        for _ in 0..=rng.below(2) {
            name.push_str(rng.pick(&GIVEN));
        }
        let (county, _) = rng.pick(&DISTRICTS);
        let birth = day.plus(-(19 * 366 + rng.below(38 * 365) as i32));
        Self { name, id_type: "01", id_no: resident_id(county, &birth.to_string(), rng.below(10)), phone: phone(rng) }
    }

    fn from_abroad(rng: &mut Seeded) -> Self {
        let name = rng.pick(&["Alex Sample", "Maria Muster", "Jan Jansen", "Kim Example"]).to_owned();
        Self {
            name,
            id_type: "08",
            id_no: format!("X0000{:05}", rng.below(100_000)),
            phone: format!("+4900000{:05}", rng.below(100_000)),
        }
    }
}

/// A resident id of nobody: its sequence number is 990 to 999.
pub(super) fn resident_id(county: &str, birth: &str, sequence: u32) -> String {
    let mut id = format!("{county}{birth}99{sequence}");
    id.extend(resident_id::check_char(&id));
    id
}

fn phone(rng: &mut Seeded) -> String {
    format!("1{}{}0000{:04}", 3 + rng.below(7), rng.below(10), rng.below(10_000))
}

/// An employer.
#[derive(Clone, Debug)]
pub(super) struct Employer {
    pub(super) uscc: String,
    pub(super) name: String,
    pub(super) legal_rep: Person,
    /// Who acts for it, if anybody.
    pub(super) agent: Option<Person>,
    /// Whether it says who it is where the annex does not ask.
    pub(super) names_itself: bool,
    /// Whether its platform writes the snake_case names.
    pub(super) aliases: bool,
    /// Whether it gives the days of signing of new contracts.
    pub(super) signing_days: bool,
    /// Whether another becomes its legal representative.
    pub(super) changes_hands: bool,
}

impl Employer {
    /// The employer of a number.
    pub(super) fn of(seed: u64, number: u32) -> Self {
        let mut rng = Stream::Employer.of(seed, u64::from(number));
        let districts = DISTRICTS.len() as u32;
        let (code, city) = DISTRICTS.get((number % districts) as usize).copied().unwrap_or_default();
        let form = rng.pick(&["有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司"]);
        let name = format!("{city}{}{}{form}", rng.pick(&BRANDS), rng.pick(&TRADES));
        let then = Day::of(2019, 1, 1);
        Self {
            uscc: credit_code(code, number / districts),
            name,
            legal_rep: Person::draw(&mut rng, then),
            agent: rng.permille(300).then(|| Person::draw(&mut rng, then)),
            names_itself: rng.permille(300),
            aliases: rng.permille(200),
            signing_days: rng.permille(300),
            changes_hands: rng.permille(50),
        }
    }

    /// Its next legal representative.
    pub(super) fn successor(&self, seed: u64, number: u32) -> Person {
        let mut rng = Stream::Employer.of(seed, u64::from(number) | 1 << 40);
        Person::draw(&mut rng, Day::of(2020, 1, 1))
    }
}

/// A credit code of nobody: `MAFAK` and three characters stand where the organisation code does.
fn credit_code(district: &str, number: u32) -> String {
    const ALPHABET: [char; 31] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M',
        'N', 'P', 'Q', 'R', 'T', 'U', 'W', 'X', 'Y',
    ];
    let mut organisation = String::from("MAFAK");
    for place in [31 * 31, 31, 1] {
        organisation.extend(ALPHABET.get((number / place % 31) as usize));
    }
    organisation.extend(uscc::organisation_check_char(&organisation));
    let mut code = format!("91{district}{organisation}");
    code.extend(uscc::check_char(&code));
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::annex::{Date, ResidentId, Uscc};

    #[test]
    fn nobody_exists_and_every_check_character_holds() {
        let today = Date::new(2026, 6, 30).unwrap();
        let mut codes = std::collections::BTreeSet::new();
        for number in 0..5_000 {
            let employer = Employer::of(7, number);
            let code = Uscc::parse(&employer.uscc).unwrap();
            assert!(code.organisation_code_holds() && employer.uscc.contains("MAFAK"), "{code}");
            assert!(codes.insert(employer.uscc.clone()));
            assert!(employer.name.chars().count() <= 100);
            let person = employer.successor(7, number);
            if person.id_type == "01" {
                let id = ResidentId::parse(&person.id_no, today).unwrap();
                assert_eq!(&id.as_str()[14..16], "99");
                assert_eq!(&person.phone[3..7], "0000");
            }
        }
    }
}

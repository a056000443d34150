//! `IfName` accepts exactly the names that the kernel accepts.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use labkit::{
    names::{IfName, Mtu, Vni},
    netlink::{Bridge, Change, Connection, Endpoint},
    rights,
};
use proptest::{prelude::*, test_runner::TestRunner};

/// Whether the kernel lets a bridge of this name be made.
fn kernel_takes(connection: &mut Connection, name: &str) -> bool {
    let end = Endpoint { index: 100, name, mac: [2, 0, 0, 0, 0, 1], ..Endpoint::default() };
    let made = connection.transact(&[Bridge { end, stp: false }.create()]).is_ok();
    if made {
        connection.transact(&[Change::Delete(100).request()]).map_err(|refusal| refusal.error).unwrap();
    }
    made
}

/// One process, one namespace: the whole test is one function, and this file holds no other kernel test.
#[test]
fn a_device_name_is_good_when_the_kernel_says_so() {
    if !support::netns() {
        return;
    }
    // The test runner has threads already; a child process has one.
    let inside = std::env::var_os("LABKIT_TEST_INSIDE").is_some();
    if !inside {
        let status = std::process::Command::new("unshare")
            .args(["--map-root-user", "--net", "--"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "a_device_name_is_good_when_the_kernel_says_so"])
            .env("LABKIT_TEST_INSIDE", "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    assert!(rights::missing().is_empty());
    let connection = std::cell::RefCell::new(Connection::open().unwrap());
    // A zero byte ends the name for the kernel, and `%` makes it a template: both are refused without asking.
    let any_name = "[^\0%]{0,18}|[a-z0-9_.@-]{1,15}|[ \t\n\u{a0}/:.a]{1,3}|all|default|lo";
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&any_name.prop_filter("`lo` is taken", |name| name != "lo"), |name| {
        let kernel = kernel_takes(&mut connection.borrow_mut(), &name);
        prop_assert_eq!(name.parse::<IfName>().is_ok(), kernel, "{:?}", name);
        Ok(())
    });
    outcome.unwrap();
}

proptest! {
    #[test]
    fn a_vni_has_24_bits(number: u32) {
        prop_assert_eq!(Vni::try_from(number).is_ok(), number < 1 << 24);
    }

    #[test]
    fn an_mtu_is_what_ip_can_use_and_the_header_can_say(bytes: u32) {
        prop_assert_eq!(Mtu::try_from(bytes).is_ok(), (68..=65535).contains(&bytes));
    }
}

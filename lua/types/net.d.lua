---@meta

--- Network namespaces, devices, addresses, routes; the proof of a path; counters and reach.
---
--- A call that describes the network only writes it down. The network is made when it is first needed (by
--- `net.prove`, `net.up`, `net.counters`, `net.ping_all`, or the end of the recipe): first all of it is checked,
--- then built in a few batches, then waited for until it is settled. What such a check finds is reported at the
--- line of the call that caused it.
---
--- Under `labkit plan` and `labkit explain` nothing is built or sent, and what a call gives is empty or zero.
---@class net
net = {}

--- An address with its prefix length: `"192.168.1.1/24"`, `"fd00::1/64"`.
---@alias Cidr string

--- A device of the lab: `"ns1/veth0"`; without a slash it is in the lab's host namespace: `"br0"`.
---@alias Hop string

--- Name of a network device: 1 to 15 bytes, none of `/`, `:`, `%` and white space.
---@alias IfName string

--- An IPv4 or IPv6 address without prefix length.
---@alias IpAddr string

--- MTU in bytes, 68 to 65535.
---@alias Mtu integer

--- Name of a namespace: letters, digits, `-`, `_`, `.`; at most 60 bytes. `"host"` is the one that plays the machine.
---@alias NsName string

--- VXLAN network identifier, 0 to 16777215.
---@alias Vni integer

--------------------------------------------------------------------------------------------- what is declared

---@class Ns
---@field name NsName  what the recipe calls it
---@field forward boolean?  forward packets between its devices: it is a router; false unless given
---@field ipv6 boolean?  leave IPv6 on; false unless given, but an IPv6 address that is declared before the first use turns it on too

---@class Bridge
---@field ns NsName?  namespace it is in; the lab's host unless given
---@field name IfName  name of the switch
---@field addr Cidr|Cidr[]|nil  the switch's own address or addresses: with one it takes part in routing; none unless given
---@field mtu Mtu?  bytes; the least of its ports' unless given
---@field stp boolean?  spanning tree; false unless given, since it holds every port back for 30 s

---@class Veth
---@field a End  one end
---@field b End  the other end
---@field mtu Mtu?  bytes, of both ends; 1500 unless given

---@class End
---@field ns NsName?  namespace it is in; the lab's host unless given
---@field name IfName  name of the device
---@field addr Cidr|Cidr[]|nil  address or addresses; none unless given
---@field master IfName?  bridge of the same namespace that it is a port of; none unless given

---@class Vxlan
---@field vni Vni  of both ends
---@field port integer?  UDP port of both ends; 4789 unless given
---@field a VxlanEnd  one end
---@field b VxlanEnd  the other end, in another namespace
---@field mtu Mtu?  bytes, of both ends; the underlay's less 50 (70 over IPv6) unless given

---@class VxlanEnd
---@field ns NsName?  namespace it is in; the lab's host unless given
---@field name IfName  name of the vtep
---@field underlay IpAddr  this end's address on the network below, that it sends from (`local` of `ip link`)
---@field addr Cidr|Cidr[]|nil  address or addresses inside the tunnel; none unless given
---@field master IfName?  bridge of the same namespace that it is a port of; none unless given

---@class OneVtep
---@field ns NsName?  namespace it is in; the lab's host unless given
---@field name IfName  name of the vtep
---@field vni Vni  VXLAN network identifier
---@field port integer?  UDP port that it listens on and sends to; 4789 unless given
---@field underlay IpAddr  its address on the network below, that it sends from (`local` of `ip link`)
---@field remote IpAddr  address on the network below that it sends to
---@field dev IfName?  device of the underlay; the one that has the address `underlay` unless given
---@field addr Cidr|Cidr[]|nil  address or addresses inside the tunnel; none unless given
---@field master IfName?  bridge of the same namespace that it is a port of; none unless given
---@field mtu Mtu?  bytes; the underlay's less 50 (70 over IPv6) unless given
---@field one_sided boolean?  its other end is not in this lab, or it has none: do not check that the ends mirror each other; false unless given

---@class AddAddress
---@field dev Hop  device that gets the address
---@field addr Cidr|Cidr[]  address or addresses

---@class AddRoute
---@field ns NsName?  namespace that gets the route; the lab's host unless given
---@field to Cidr|"default"  destination network
---@field via IpAddr  next hop, a neighbor

---@class SetSysctl
---@field ns NsName?  namespace it is set in; the lab's host unless given
---@field key string  dotted name that begins with `net.`
---@field value integer|string  what it is set to

---@class Sketch
---@field hosts NsName[]  namespaces, one address each
---@field switches IfName[]?  bridges on the lab's host; none unless given
---@field links string[][]  cables: pairs of a host and a switch, of two switches, or of two hosts
---@field subnet Cidr?  network that the hosts' addresses are taken from, in order; 10.0.0.0/16 unless given
---@field mtu Mtu?  bytes, of every cable; 1500 unless given

---@class Star
---@field n integer  how many hosts, 1 to 4000
---@field subnet Cidr?  network that the hosts' addresses are taken from; 10.0.0.0/16 unless given
---@field mtu Mtu?  bytes, of every cable; 1500 unless given

---@class Linear
---@field n integer  how many hosts, and as many switches; 1 to 4000
---@field subnet Cidr?  network that the hosts' addresses are taken from; 10.0.0.0/16 unless given
---@field mtu Mtu?  bytes, of every cable; 1500 unless given

---@class Tree
---@field depth integer  levels of switches, 1 or more
---@field fanout integer  what each switch has below it; `fanout ^ depth` hosts, at most 4000
---@field subnet Cidr?  network that the hosts' addresses are taken from; 10.0.0.0/16 unless given
---@field mtu Mtu?  bytes, of every cable; 1500 unless given

--- What a shape made.
---@class Made
---@field hosts NsName[]  the namespaces
---@field addrs IpAddr[]  the hosts' addresses in the same order, without prefix length
---@field switches IfName[]  the bridges, all on the lab's host

------------------------------------------------------------------------------------------------- what is done

---@class Prove
---@field case string  name under which the case is measured and reported
---@field from NsName  namespace that sends
---@field to IpAddr  IPv4 address that answers; a device of the lab has it
---@field through Hop|Hop[]|nil  devices that every packet must pass, the device under test first; none unless given
---@field encap ExpectedEncap?  what the underlay must carry; as declared by the vxlan in `through` unless given
---@field count integer?  echo requests to count, 5 to 10000; 20 unless given

---@class ExpectedEncap
---@field vni Vni  VXLAN network identifier in the outer header
---@field port integer  UDP destination port in the outer header

---@class Up
---@field case string?  case under which `build_ms` and `build_cpu_ms` are kept; none keeps none

--- What `net.up` gives.
---@class UpReport
---@field namespaces integer  how many, the lab's host included
---@field devices integer  how many, `lo` not counted
---@field build_ms number  ms until everything was built and settled; next to 0 where it was already
---@field build_cpu_ms number  ms of CPU time for it, of the whole process

---@class Down
---@field case string?  case under which `down_ms` (until all is gone) is kept; none keeps none

--- What `net.down` gives.
---@class DownReport
---@field down_ms number  ms until the namespaces were let go of
---@field gone_ms number  ms until the host's devices had vanished as well

---@class Counters
---@field devs Hop|Hop[]|nil  devices to look at; all of the lab, every `lo` included, unless given

--- What one device counted since it was made (`ip -s link`).
---@class Counts
---@field rx_packets integer  packets received
---@field tx_packets integer  packets sent
---@field rx_bytes integer  bytes received
---@field tx_bytes integer  bytes sent
---@field tx_errors integer  packets that could not be sent
---@field dropped integer  packets dropped

---@class PingAll
---@field hosts NsName|NsName[]|nil  namespaces that take part; all that have an address, but for the host, unless given
---@field case string?  case under which `reachable_percent` is kept; none keeps none

--- Who reaches whom.
---@class Reach
---@field pairs integer  how many were tried, each direction on its own
---@field reached integer  how many answered
---@field percent number  reached of pairs, 0 to 100
---@field lost string[]  `from → to` of those that did not answer

-------------------------------------------------------------------------------------------------- the functions

--- Gives a device a further address: `ip addr add ADDR dev DEV`.
---
--- Fails where there is no such device; when the network is checked, on an address that another device has, that
--- overlaps another device's network in the same namespace, or that is put on a port of a bridge.
---
---```lua
---net.bridge { name = "br0" }
---net.addr { dev = "br0", addr = "192.168.2.254/24" }
---```
---@param args AddAddress
function net.addr(args) end

--- Declares a switch: `ip link add NAME type bridge`. Devices become its ports by their own `master`.
---
--- Fails where the namespace is not declared or has a device of this name; when the network is checked, where the
--- ports differ in MTU.
---
---```lua
---net.bridge { name = "br0" }
---net.veth { a = { ns = "ns1", name = "veth0", addr = "10.0.0.1/24" }, b = { name = "veth0-br", master = "br0" } }
---```
---@param args Bridge
function net.bridge(args) end

--- Reads what the devices counted: `ip -s link`. Builds first what is declared and not yet there.
---
--- Fails where one of `devs` is not declared.
---
---```lua
---local counts = net.counters { devs = "ns1/veth0" }
---print(counts["ns1/veth0"].tx_packets)
---```
---@param args Counters?
---@return table<Hop, Counts>
function net.counters(args) end

--- Takes the whole lab down now: every namespace but the host's (`ip netns del`), the host's devices, and the
--- declarations, so that the next call begins with an empty lab. At the end of a run this happens by itself.
---
--- Fails in a lab on the real host (`--on-host`), and where devices are still there after 60 s.
---
---```lua
---net.up { case = "star" }
---local report = net.down { case = "star" }
---```
---@param args Down?
---@return DownReport
function net.down(args) end

--- Declares a chain of `n` switches `s1`, `s2` … on the lab's host, each with one host `h1`, `h2` …: several
--- `ip netns add`, `ip link add … type bridge` and `ip link add … type veth`.
---
--- Fails outside 1 to 4000 hosts, where the subnet has no room, and where one of the names is taken.
---
---```lua
---local chain = net.linear(4)
---net.prove { case = "chain", from = chain.hosts[1], to = chain.addrs[4], through = { "s1", "s4" } }
---```
---@param args integer|Linear  the number of hosts, or a table with `n`
---@return Made
function net.linear(args) end

--- Declares a network namespace: `ip netns add NAME`, and gives its name.
---
--- Fails on a name that is taken, is `host`, or is no namespace name.
---
---```lua
---local a = net.ns "ns1"
---local router = net.ns { name = "router", forward = true }
---```
---@param args NsName|Ns  the name, or a table with `name`
---@return NsName
function net.ns(args) end

--- Sends one echo packet from every namespace to the first address of every other: `ping -c 1`, for each pair.
--- Builds first what is declared and not yet there.
---
--- Fails where one of `hosts` is not declared, or its first address is IPv6. A pair that does not answer within 0.5 s is
--- no failure; it is in `lost`.
---
---```lua
---net.star(10)
---print(net.ping_all { case = "star" }.percent)
---```
---@param args PingAll?
---@return Reach
function net.ping_all(args) end

--- Proves that the packets of a case take the path that the case claims (`ping`, and `ip -s link` before and after).
--- Only what was proved can be measured. Builds first what is declared and not yet there.
---
--- Gives true where all of this held: every packet was answered and counted by every device of `through`; every
--- other device stayed still; the TTL is 64 less one for every router of the declared path; the underlay of a vxlan
--- carried every packet to the declared port with the declared VNI and 50 bytes more (70 over IPv6); a packet of the
--- path's MTU passes and one byte more does not; with the first device of `through` set down the traffic stops.
--- Otherwise it gives false: the case is marked invalid, and the run goes on and ends with exit code 4.
---
--- Fails on a namespace or device that is not declared, on an address that no device of the lab has, on a case that
--- was proved before, and on an IPv6 address in `to`.
---
---```lua
---net.prove { case = "veth", from = "ns1", to = "192.168.1.2", through = { "ns1/veth0", "ns2/veth1" } }
---bench.ping "veth"
---```
---@param args Prove
---@return boolean
function net.prove(args) end

--- Adds a route: `ip route add TO via VIA`.
---
--- Fails where the namespace is not declared, or `to` and `via` are of different families; when the network is
--- checked, where the next hop is in no network of the namespace or no device of the lab has it.
---
---```lua
---net.route { ns = "ns1", to = "10.1.2.0/24", via = "10.1.1.1" }
---net.route { ns = "ns2", to = "default", via = "10.1.2.1" }
---```
---@param args AddRoute
function net.route(args) end

--- Declares one switch `s1` on the lab's host with `n` hosts `h1`, `h2` … around it: several `ip netns add`,
--- `ip link add … type bridge` and `ip link add … type veth`.
---
--- Fails outside 1 to 4000 hosts, where the subnet has no room, and where one of the names is taken.
---
---```lua
---local star = net.star { n = 3, subnet = "192.168.7.0/24" }
---net.prove { case = "star", from = star.hosts[1], to = star.addrs[3], through = "s1" }
---```
---@param args integer|Star  the number of hosts, or a table with `n`
---@return Made
function net.star(args) end

--- Sets a kernel setting of one namespace: `ip netns exec NS sysctl -w KEY=VALUE`.
---
--- Fails where the namespace is not declared or the key does not begin with `net.`; when the network is built, where
--- this kernel has no such setting or refuses the value.
---
---```lua
---net.sysctl { key = "net.ipv4.ip_forward", value = 1 }
---net.sysctl { ns = "ns1", key = "net.ipv4.tcp_congestion_control", value = "reno" }
---```
---@param args SetSysctl
function net.sysctl(args) end

--- Declares hosts, switches and the cables between them. A host's devices are `eth0`, `eth1` … in the order of its
--- cables, and the first has its address: several `ip netns add`, `ip link add … type bridge` and
--- `ip link add … type veth`.
---
--- Fails on a link to something that is neither a host nor a switch, where the subnet has no room, and where one of
--- the names is taken.
---
---```lua
---net.topology { hosts = { "left", "right" }, switches = { "s1" }, links = { { "left", "s1" }, { "right", "s1" } } }
---net.prove { case = "switch", from = "left", to = "10.0.0.2", through = "s1" }
---```
---@param args Sketch
---@return Made
function net.topology(args) end

--- Declares switches `depth` levels deep, each with `fanout` below it, and hosts as the leaves: several `ip netns add`,
--- `ip link add … type bridge` and `ip link add … type veth`.
---
--- Fails where that makes fewer than 1 or more than 4000 hosts, where the subnet has no room, and where one of the
--- names is taken.
---
---```lua
---local tree = net.tree { depth = 2, fanout = 3 }
---print(#tree.hosts, #tree.switches) -- 9 4
---```
---@param args Tree
---@return Made
function net.tree(args) end

--- Builds now what is declared and not yet there, waits until it is settled, and says what it took.
---
--- Fails as the declarations do when they are checked or built, and where something is not settled after 15 s
--- (60 s with spanning tree).
---
---```lua
---net.star(100)
---net.up { case = "star of 100" }
---```
---@param args Up?
---@return UpReport
function net.up(args) end

--- Declares a cable with both its ends: `ip link add NAME type veth peer name PEER`, each end made in its namespace.
---
--- Fails where a namespace is not declared or has a device of this name; when the network is checked, where both ends
--- have addresses and these are in different networks, or `master` is no bridge of the same namespace.
---
---```lua
---net.veth { a = { ns = "ns1", name = "veth0", addr = "192.168.1.1/24" },
---           b = { ns = "ns2", name = "veth1", addr = "192.168.1.2/24" } }
---```
---@param args Veth
function net.veth(args) end

--- Declares one end of a VXLAN on its own, to show what then happens: `ip link add NAME type vxlan id VNI local …
--- remote … dstport PORT`. A tunnel that is meant to work is made by `net.vxlan`.
---
--- Fails where the namespace is not declared or has a device of this name; when the network is checked, where no
--- device has the underlay's address or, unless `one_sided`, where no other vtep of the lab mirrors it.
---
---```lua
---net.vtep { ns = "ns1", name = "vxlan0", vni = 100, underlay = "192.168.9.1", remote = "192.168.9.2",
---           one_sided = true }
---```
---@param args OneVtep
function net.vtep(args) end

--- Declares both ends of a VXLAN, with one VNI and one port: two `ip link add NAME type vxlan id VNI local … remote …
--- dstport PORT`, mirror images of each other.
---
--- Fails where both ends are in one namespace (the kernel would hand the frames over without encapsulating them), or
--- a namespace is not declared or has a device of this name; when the network is checked, where a namespace has no
--- device with the underlay's address, or the MTU does not fit the underlay.
---
---```lua
---net.vxlan { vni = 100, a = { ns = "ns1", name = "vxlan0", underlay = "192.168.9.1", addr = "10.1.1.1/24" },
---                       b = { ns = "ns2", name = "vxlan0", underlay = "192.168.9.2", addr = "10.1.1.2/24" } }
---```
---@param args Vxlan
function net.vxlan(args) end

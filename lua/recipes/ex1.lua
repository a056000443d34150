--- Two network namespaces: what does each way of joining them cost?

local figures = require "figures"

lab.params {
  seconds = { default = 3, min = 1, max = 3600, help = "length of each TCP stream" },
  rounds = { default = 5, min = 1, max = 1000, help = "how often each case is measured" },
  pings = { default = 200, min = 2, max = 60000, help = "echo packets in each case and round" },
  tcp = { default = "own", one_of = { "own", "iperf3" }, help = "who measures throughput" },
  ping = { default = "own", one_of = { "own", "ping" }, help = "who measures latency" },
  reference = { default = false, help = "the reference report's VXLAN, which carried nothing" },
}

local a, b = net.ns "ns1", net.ns "ns2"

-- A veth pair: a cable from one to the other.
net.veth {
  a = { ns = a, name = "veth0", addr = "192.168.1.1/24" },
  b = { ns = b, name = "veth1", addr = "192.168.1.2/24" },
}

-- A bridge: a switch on the host that both are plugged into.
net.bridge { name = "br0" }
net.veth { a = { ns = a, name = "veth2", addr = "192.168.2.1/24" }, b = { name = "veth2-br", master = "br0" } }
net.veth { a = { ns = b, name = "veth3", addr = "192.168.2.2/24" }, b = { name = "veth3-br", master = "br0" } }

if lab.p.reference then
  -- Two vteps on the loopback of one host, with other VNIs and other ports: neither has another end.
  -- The host forwards between the two bridges instead.
  net.bridge { name = "br1", addr = "10.1.1.1/24" }
  net.bridge { name = "br2", addr = "10.1.2.1/24" }
  net.veth { a = { ns = a, name = "veth4", addr = "10.1.1.2/24" }, b = { name = "veth4-br", master = "br1" } }
  net.veth { a = { ns = b, name = "veth5", addr = "10.1.2.2/24" }, b = { name = "veth5-br", master = "br2" } }
  for i, port in ipairs { 4789, 4790 } do
    net.vtep {
      name = "vxlan" .. i - 1, master = "br" .. i, vni = 99 + i, port = port,
      underlay = "127.0.0.1", remote = "127.0.0.1", dev = "lo", one_sided = true,
    }
  end
  net.sysctl { key = "net.ipv4.ip_forward", value = 1 }
  net.route { ns = a, to = "10.1.2.0/24", via = "10.1.1.1" }
  net.route { ns = b, to = "10.1.1.0/24", via = "10.1.2.1" }
  net.prove { case = "vxlan", from = a, to = "10.1.2.2", through = { "vxlan0", "vxlan1" } }
else
  -- A VXLAN: two machines on one network, a bridge and a vtep in each, and one layer-2 segment across both.
  -- The network below takes 50 bytes more, so that all three cases carry packets of the same size.
  local left, right = net.ns "host1", net.ns "host2"
  net.veth {
    mtu = 1550,
    a = { ns = left, name = "eth0", addr = "192.168.9.1/24" },
    b = { ns = right, name = "eth0", addr = "192.168.9.2/24" },
  }
  net.bridge { ns = left, name = "br1" }
  net.bridge { ns = right, name = "br2" }
  net.vxlan {
    vni = 100,
    a = { ns = left, name = "vxlan0", underlay = "192.168.9.1", master = "br1" },
    b = { ns = right, name = "vxlan0", underlay = "192.168.9.2", master = "br2" },
  }
  net.veth {
    a = { ns = a, name = "veth4", addr = "10.1.1.1/24" },
    b = { ns = left, name = "veth4-br", master = "br1" },
  }
  net.veth {
    a = { ns = b, name = "veth5", addr = "10.1.1.2/24" },
    b = { ns = right, name = "veth5-br", master = "br2" },
  }
  net.prove { case = "vxlan", from = a, to = "10.1.1.2", through = { "host1/vxlan0", "host2/vxlan0" } }
end

net.prove { case = "veth", from = a, to = "192.168.1.2", through = { "ns1/veth0", "ns2/veth1" } }
net.prove { case = "bridge", from = a, to = "192.168.2.2", through = { "br0" } }

bench.compare {
  cases = { "veth", "bridge", "vxlan" },
  ping = { count = lab.p.pings, interval_ms = 5, engine = lab.p.ping },
  tcp = { seconds = lab.p.seconds, engine = lab.p.tcp },
  rounds = lab.p.rounds,
}

figures.network()

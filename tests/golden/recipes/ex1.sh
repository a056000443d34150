#!/bin/sh
# ex1: Two network namespaces: what does each way of joining them cost?
#
# Run it where it cannot disturb anything, and is gone when it ends:
#
#   unshare --map-root-user --net --mount sh -c 'mount -t tmpfs tmpfs /run && sh -e ex1.sh'
#
# As root it also runs as it is, in the host's own network, and leaves what it made.
set -e

# namespaces
ip netns add ns1
ip netns exec ns1 sysctl -qw net.ipv4.ip_forward=0
ip netns exec ns1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec ns1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec ns1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip -n ns1 link set dev lo up
ip netns add ns2
ip netns exec ns2 sysctl -qw net.ipv4.ip_forward=0
ip netns exec ns2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec ns2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec ns2 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip -n ns2 link set dev lo up
ip netns add host1
ip netns exec host1 sysctl -qw net.ipv4.ip_forward=0
ip netns exec host1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec host1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec host1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip -n host1 link set dev lo up
ip netns add host2
ip netns exec host2 sysctl -qw net.ipv4.ip_forward=0
ip netns exec host2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec host2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec host2 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip -n host2 link set dev lo up

# bridges
ip link add name br0 type bridge stp_state 0 mcast_snooping 0
ip link set dev br0 addrgenmode none
ip link set dev br0 up
ip -n host1 link add name br1 type bridge stp_state 0 mcast_snooping 0
ip -n host1 link set dev br1 up
ip -n host2 link add name br2 type bridge stp_state 0 mcast_snooping 0
ip -n host2 link set dev br2 up

# cables
ip -n ns1 link add name veth0 type veth peer name veth1 netns ns2
ip -n ns1 link set dev veth0 up
ip -n ns1 addr add 192.168.1.1/24 dev veth0
ip -n ns2 link set dev veth1 up
ip -n ns2 addr add 192.168.1.2/24 dev veth1
ip link add name veth2-br type veth peer name veth2 netns ns1
ip link set dev veth2-br master br0
ip link set dev veth2-br addrgenmode none
ip link set dev veth2-br up
ip -n ns1 link set dev veth2 up
ip -n ns1 addr add 192.168.2.1/24 dev veth2
ip link add name veth3-br type veth peer name veth3 netns ns2
ip link set dev veth3-br master br0
ip link set dev veth3-br addrgenmode none
ip link set dev veth3-br up
ip -n ns2 link set dev veth3 up
ip -n ns2 addr add 192.168.2.2/24 dev veth3
ip -n host1 link add name eth0 mtu 1550 type veth peer name eth0 mtu 1550 netns host2
ip -n host1 link set dev eth0 up
ip -n host1 addr add 192.168.9.1/24 dev eth0
ip -n host2 link set dev eth0 up
ip -n host2 addr add 192.168.9.2/24 dev eth0
ip -n ns1 link add name veth4 type veth peer name veth4-br netns host1
ip -n ns1 link set dev veth4 up
ip -n ns1 addr add 10.1.1.1/24 dev veth4
ip -n host1 link set dev veth4-br master br1
ip -n host1 link set dev veth4-br up
ip -n ns2 link add name veth5 type veth peer name veth5-br netns host2
ip -n ns2 link set dev veth5 up
ip -n ns2 addr add 10.1.1.2/24 dev veth5
ip -n host2 link set dev veth5-br master br2
ip -n host2 link set dev veth5-br up

# tunnels
ip -n host1 link add name vxlan0 type vxlan id 100 local 192.168.9.1 remote 192.168.9.2 dstport 4789 dev eth0
ip -n host1 link set dev vxlan0 master br1
ip -n host1 link set dev vxlan0 up
ip -n host2 link add name vxlan0 type vxlan id 100 local 192.168.9.2 remote 192.168.9.1 dstport 4789 dev eth0
ip -n host2 link set dev vxlan0 master br2
ip -n host2 link set dev vxlan0 up

# vxlan: prove that the packets take the path through host1/vxlan0, host2/vxlan0
ip netns exec ns1 ping -q -c 20 -i 0.01 10.1.1.2
ip netns exec host1 ip -s link show dev vxlan0
ip netns exec host2 ip -s link show dev vxlan0

# veth: prove that the packets take the path through ns1/veth0, ns2/veth1
ip netns exec ns1 ping -q -c 20 -i 0.01 192.168.1.2
ip netns exec ns1 ip -s link show dev veth0
ip netns exec ns2 ip -s link show dev veth1

# bridge: prove that the packets take the path through br0
ip netns exec ns1 ping -q -c 20 -i 0.01 192.168.2.2
ip -s link show dev br0

# measure veth
ip netns exec ns1 ping -q -c 200 -i 0.005 -s 56 192.168.1.2
ip netns exec ns2 iperf3 -s -1 -p 5201 >/dev/null &
until ip netns exec ns2 ss -ltn | grep -q ':5201 '; do sleep 0.1; done
ip netns exec ns1 iperf3 -c 192.168.1.2 -p 5201 -t 3
wait

# measure bridge
ip netns exec ns1 ping -q -c 200 -i 0.005 -s 56 192.168.2.2
ip netns exec ns2 iperf3 -s -1 -p 5201 >/dev/null &
until ip netns exec ns2 ss -ltn | grep -q ':5201 '; do sleep 0.1; done
ip netns exec ns1 iperf3 -c 192.168.2.2 -p 5201 -t 3
wait

# measure vxlan
ip netns exec ns1 ping -q -c 200 -i 0.005 -s 56 10.1.1.2
ip netns exec ns2 iperf3 -s -1 -p 5201 >/dev/null &
until ip netns exec ns2 ss -ltn | grep -q ':5201 '; do sleep 0.1; done
ip netns exec ns1 iperf3 -c 10.1.1.2 -p 5201 -t 3
wait

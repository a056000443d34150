# The lab: its machines, what they are called, where they are, and how large they are.

require_relative "cidr"

module Labkit
  # `cpus` and `memory` (MiB) are nothing where the description leaves them out.
  Node = Struct.new(:name, :address, :role, :cpus, :memory, keyword_init: true) do
    # What labkit knows the machine by: the device of the lab's network has this MAC. Written as VirtualBox wants it.
    def mac
      "525400" + address.hton.bytes.last(3).map { |byte| format("%02x", byte) }.join
    end

    def master?
      role == "master"
    end
  end

  Lab = Struct.new(:name, :network, :pod_cidr, :service_cidr, :nodes, :versions, keyword_init: true) do
    def self.usual
      node = ->(name, place) { Node.new(name: name, address: place, role: name == "master" ? "master" : "worker") }
      places = { "master" => 10, "node01" => 11, "node02" => 12 }
      network = Cidr.parse("192.168.56.0/24")
      nodes = places.map { |name, place| node.call(name, network.nth(place)) }
      new(name: "lab", network: network, pod_cidr: Cidr.parse("10.17.0.0/16"), service_cidr: Cidr.parse("10.96.0.0/12"),
          nodes: nodes, versions: { "kubernetes" => "1.32" })
    end

    # The same lab in another network, each machine at its place there. Its name says so, and with it those that the
    # hypervisor gives its machines, so that two labs may be on one host.
    def moved(network)
      return self if network.nil? || network.to_s == self.network.to_s

      nodes = self.nodes.map do |node|
        Node.new(**node.to_h, address: network.nth(self.network.place(node.address)))
      end
      Lab.new(**to_h, name: "#{name}-#{network.first.to_s.tr(".:", "-")}", network: network, nodes: nodes)
    end

    # With as many CPUs and as much memory as is asked for; for what nobody says, enough for a Kubernetes cluster.
    def sized(cpus, memory)
      nodes = self.nodes.map do |node|
        Node.new(**node.to_h, cpus: cpus || node.cpus || (node.master? ? 3 : 2), memory: memory || node.memory || 2048)
      end
      Lab.new(**to_h, nodes: nodes)
    end

    def node(name)
      nodes.find { |node| node.name == name.to_s }
    end

    # lab.toml, as labkit reads it.
    def to_toml
      head = { "name" => name, "network" => network, "pod_cidr" => pod_cidr, "service_cidr" => service_cidr }
      nodes = self.nodes.map { |node| "\n[[node]]\n" + Lab.lines(node.to_h) }
      Lab.lines(head) + nodes.join + "\n[versions]\n" + Lab.lines(versions)
    end

    def self.lines(fields)
      shown = fields.compact.transform_values { |value| value.is_a?(Integer) ? value : quoted(value.to_s) }
      shown.map { |key, value| "#{bare(key.to_s)} = #{value}\n" }.join
    end

    def self.bare(key)
      /\A[A-Za-z0-9_-]+\z/.match?(key) ? key : quoted(key)
    end

    # A text in TOML.
    def self.quoted(text)
      escaped = text.gsub(/["\\]/) { |letter| "\\#{letter}" }
      "\"" + escaped.gsub(/[\x00-\x1f\x7f]/) { |letter| format("\\u%04x", letter.ord) } + "\""
    end
  end
end

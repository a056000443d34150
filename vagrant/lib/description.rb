# From a lab.toml to a lab, or to what is wrong with it: file, line, value, remedy.

require_relative "lab"
require_relative "refusal"
require_relative "toml"

module Labkit
  class Description
    NAME = /\A[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z/.freeze
    NETWORKS = %w[network pod_cidr service_cidr].freeze
    LARGEST = (1 << 32) - 1

    def self.read(path)
      text = File.read(path, encoding: "UTF-8")
      new(path, Toml.parse(text)).lab
    rescue TomlFault => e
      Labkit.refuse("#{path} line #{e.line}: #{e.message}", "docs/nodes.md has an example of a lab.toml")
    rescue SystemCallError => e
      Labkit.refuse("read #{path}: #{e.message}", "give it back, or remove it: then the lab is the usual one")
    end

    def initialize(path, root)
      @path = path
      @root = root
    end

    def lab
      known(@root, %w[name] + NETWORKS + %w[node versions], "a lab.toml")
      networks = NETWORKS.map { |key| [key.to_sym, network(field(@root, key, String, 1), key)] }.to_h
      nodes = field(@root, "node", Array, 1).value.map { |entry| node(entry) }
      lab = Lab.new(name: field(@root, "name", String, 1).value, nodes: nodes, versions: versions, **networks)
      consistent(lab)
    end

    private

    def refuse(line, why, remedy)
      Labkit.refuse("#{@path} line #{line}: #{why}", remedy)
    end

    def known(table, names, where)
      table.each do |name, entry|
        next if names.include?(name)

        refuse(entry.line, "`#{name}` is not known", "#{where} has #{names.join(", ")}")
      end
    end

    # A field of the kind that it must have. `line` is where the table begins.
    def field(table, name, kind, line)
      entry = table[name] || refuse(line, "`#{name}` is missing", "add it: docs/nodes.md has an example")
      return entry if entry.value.is_a?(kind)

      kinds = { String => "a text in quotes", Array => "tables, each after a line [[node]]", Hash => "a table" }
      refuse(entry.line, "`#{name}` is not #{kinds.fetch(kind)}", "write it as docs/nodes.md does")
    end

    def network(entry, name)
      example = "write for example #{name} = \"10.17.0.0/16\""
      Cidr.parse(entry.value) || refuse(entry.line, "`#{entry.value}` is no network", example)
    end

    def node(entry)
      refuse(entry.line, "a node is no table", "begin each with a line [[node]]") unless entry.value.is_a?(Hash)
      table = entry.value
      known(table, Node.members.map(&:to_s), "a [[node]]")
      name, address, role = %w[name address role].map { |key| field(table, key, String, entry.line) }
      Node.new(name: host_name(name), role: role(role), address: address(address), cpus: count(table["cpus"], "cpus"),
               memory: count(table["memory"], "memory"))
    end

    def host_name(entry)
      return entry.value if NAME.match?(entry.value)

      refuse(entry.line, "`#{entry.value}` is no host name", "write letters in lower case, digits and `-`")
    end

    def role(entry)
      return entry.value if %w[master worker].include?(entry.value)

      refuse(entry.line, "`#{entry.value}` is no role", "write \"master\" or \"worker\"")
    end

    def address(entry)
      example = "write for example \"192.168.56.10\""
      Cidr.address(entry.value) || refuse(entry.line, "`#{entry.value}` is no address", example)
    end

    def count(entry, name)
      return if entry.nil?
      return entry.value if entry.value.is_a?(Integer) && entry.value.between?(1, LARGEST)

      examples = { "cpus" => "cpus = 2", "memory" => "memory = 2048, in MiB" }
      refuse(entry.line, "`#{name}` is no number from 1 on", "write for example #{examples.fetch(name)}")
    end

    def versions
      return {} unless @root.key?("versions")

      table = field(@root, "versions", Hash, 1)
      table.value.keys.map { |name| [name, field(table.value, name, String, table.line).value] }.to_h
    end

    # The first thing that contradicts another.
    def consistent(lab)
      lab.nodes.each_with_index do |node, at|
        outside = "#{node.name}: #{node.address} is not in `network` #{lab.network}"
        contradiction(outside, "give it an address of that network") unless lab.network.include?(node.address)
        lab.nodes.take(at).each { |other| distinct(node, other) }
      end
      NETWORKS.map { |key| [key, lab[key]] }.combination(2) do |(one, first), (other, second)|
        contradiction("`#{other}` #{second} overlaps `#{one}` #{first}", "choose others") if first.overlaps?(second)
      end
      masters = lab.nodes.count(&:master?)
      contradiction("#{masters} nodes have the role `master`", "give it to one") unless masters == 1
      lab
    end

    def distinct(node, other)
      contradiction("two nodes are called `#{node.name}`", "give each a name of its own") if node.name == other.name
      return unless node.address == other.address

      contradiction("#{other.name} and #{node.name} have the same address #{node.address}", "give each its own")
    end

    def contradiction(why, remedy)
      Labkit.refuse("#{@path}: #{why}", remedy)
    end
  end
end

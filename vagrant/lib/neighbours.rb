# Other labs on this host, as far as Vagrant knows them.

require_relative "handover"

module Labkit
  # The machines of another directory.
  Neighbour = Struct.new(:dir, :names, :is_running, keyword_init: true) do
    # Its lab, where it is one of labkit's.
    def lab
      Handover.new(dir).lab
    rescue Refusal
      nil
    end

    # Which of these addresses its Vagrantfile names.
    def claimed(addresses)
      text = File.read(File.join(dir, "Vagrantfile"))
      addresses.select { |address| /(?<![\d.])#{Regexp.escape(address.to_s)}(?![\d.])/.match?(text) }
    rescue SystemCallError
      []
    end
  end

  class Neighbours
    OFF = %w[not_created poweroff shutoff aborted saved stopped].freeze

    # From the entries of Vagrant's machine index, but those of this directory.
    def initialize(entries, own_dir)
      entries = entries.reject { |entry| entry.vagrantfile_path.to_s == own_dir.to_s }
      @all = entries.group_by { |entry| entry.vagrantfile_path.to_s }.map do |dir, machines|
        is_running = machines.any? { |machine| !OFF.include?(machine.state.to_s) }
        Neighbour.new(dir: dir, names: machines.map(&:name), is_running: is_running)
      end
    end

    # Refuses a lab whose names or addresses another one has.
    def refuse(lab)
      @all.each do |neighbour|
        why = contradiction(lab, neighbour)
        Labkit.refuse("#{why}: #{neighbour.dir} (#{neighbour.names.join(", ")})", remedy(neighbour)) if why
      end
    end

    private

    def contradiction(lab, neighbour)
      other = neighbour.lab
      return "another lab on this computer is called `#{lab.name}` as well" if other&.name == lab.name
      return unless neighbour.is_running

      if other
        "another lab on this computer is in the same network #{other.network}" if other.network.overlaps?(lab.network)
      else
        claimed = neighbour.claimed(lab.nodes.map(&:address))
        "other machines on this computer have #{claimed.join(", ")} already" unless claimed.empty?
      end
    end

    def remedy(neighbour)
      taken = @all.map { |other| other.lab&.network }.compact
      networks = (57..63).map { |third| Cidr.parse("192.168.#{third}.0/24") }
      free = networks.find { |network| taken.none? { |other| other.overlaps?(network) } } || networks.last
      "`vagrant destroy` in #{neighbour.dir}, or have this lab beside it: LABKIT_NETWORK=#{free} for `vagrant up` " \
        "(`vagrant global-status --prune`, if that one is gone)"
    end
  end
end

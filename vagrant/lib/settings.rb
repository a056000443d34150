# What the environment overrides.

require_relative "cidr"
require_relative "refusal"

module Labkit
  class Settings
    EXERCISE = /\A[a-z][a-z0-9_-]*(?: [a-z][a-z0-9_]*=[^\s"'\\]*)*\z/.freeze

    def initialize(env)
      @env = env
    end

    # CPUs of each machine.
    def cpus
      number("LABKIT_CPUS", 1..64, "CPUs of each machine", 2)
    end

    # MiB of each machine.
    def memory
      number("LABKIT_MEMORY", 512..(1 << 20), "MiB of memory of each machine", 2048)
    end

    # The network that the lab moves to.
    def network
      text = value("LABKIT_NETWORK") || return
      network = Cidr.parse(text)
      return network if network && network.address.ipv4? && network.prefix.between?(16, 28)

      refuse("LABKIT_NETWORK", text, "no IPv4 network with a prefix from /16 to /28", "192.168.57.0/24")
    end

    # A recipe that all machines run once they are there, with its settings: `ex1 seconds=1`.
    def exercise
      text = value("LABKIT_EXERCISE") || return
      return text if EXERCISE.match?(text)

      refuse("LABKIT_EXERCISE", text, "no recipe with its settings", "'ex1 seconds=2 rounds=3'")
    end

    # A box: its file, or its name.
    def box
      value("LABKIT_BOX")
    end

    # What libvirt runs machines by.
    def driver
      text = value("LABKIT_DRIVER") || "kvm"
      %w[kvm qemu].include?(text) ? text : refuse("LABKIT_DRIVER", text, "neither kvm nor qemu", "qemu")
    end

    # Whether it is tried although this host seems not to be up to it.
    def anyway?
      !value("LABKIT_ANYWAY").nil?
    end

    private

    def value(name)
      text = @env[name].to_s.strip
      text unless text.empty?
    end

    def number(name, range, what, example)
      text = value(name) || return
      return text.to_i if /\A\d{1,7}\z/.match?(text) && range.cover?(text.to_i)

      refuse(name, text, "no number of #{what}, from #{range.first} to #{range.last}", example)
    end

    def refuse(name, text, why, example)
      Labkit.refuse("#{name}=#{text}: it is #{why}", "set it for example to #{example}, or not at all")
    end
  end
end

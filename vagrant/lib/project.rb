# All that belongs to one Vagrantfile: its lab, its boxes, what it tells machines, and how far they are.

require_relative "box"
require_relative "checks"
require_relative "handover"
require_relative "leftovers"
require_relative "program"
require_relative "settings"

module Labkit
  class Project
    attr_reader :settings, :lab, :handover, :program

    # The lab is that of lab.toml, or the one that there is already, or the usual one; the environment overrides it.
    def initialize(dir, home, env)
      @dir = dir
      @home = home
      @settings = Settings.new(env)
      @handover = Handover.new(dir)
      @program = Program.new(dir)
      @lab = described.moved(@settings.network).sized(@settings.cpus, @settings.memory)
      @lock = Mutex.new
      @begun = []
      @ready = []
      @ran = []
    end

    def box(provider)
      (@boxes ||= {})[provider] ||= Boxes.find(provider, @dir, @settings.box, @home)
    end

    # Looks whether the lab can be brought up, once for all its machines, and prepares what they are told.
    def prepare(machine)
      @lock.synchronize do
        @begun.push(machine.name.to_s)
        refuse_as_well(machine) if @is_refused
        next if @is_prepared

        @is_refused = true
        Checks.new(self, machine).run
        @handover.make(@lab)
        @is_refused = false
        @is_prepared = true
      end
    end

    # Notes that a machine is a node.
    def ready(name)
      @lock.synchronize { @ready.push(name.to_s) }
    end

    # The machines that are to run an exercise, for the one caller who is the last to be ready; nothing for the others.
    # Whom it waits for is yielded.
    def together(exercise, machine)
      @lock.synchronize do
        next if @ran.include?(exercise)

        absent = @lab.nodes.map(&:name).reject { |name| runs?(name, machine) } | (@begun - @ready)
        next yield(absent) unless absent.empty?

        @ran.push(exercise)
        @lab.nodes.map { |node| sibling(node.name, machine) }
      end
    end

    # Forgets the lab with its last machine: the secret, and what the provider made of the box.
    def forget(machine)
      return if @lab.nodes.any? { |node| made?(node.name) } || !@handover.known?

      Leftovers.remove(machine)
      @handover.remove
    end

    # Whether a provider made a machine of this name.
    def made?(name)
      !Dir[File.join(@dir, ".vagrant/machines", name, "*", "id")].empty?
    end

    def runs?(name, machine)
      made?(name) && sibling(name, machine).provider.state.id == :running
    end

    private

    def refuse_as_well(machine)
      Labkit.refuse("#{machine.name} is not brought up either", "what is said of another machine holds for it")
    end

    # The machine of this name, beside another.
    def sibling(name, machine)
      machine.env.machine(name.to_sym, machine.provider_name)
    end

    def described
      given = File.join(@dir, "lab.toml")
      File.exist?(given) ? Description.read(given) : @handover.lab || Lab.usual
    end
  end
end

# Addresses and networks, read as strictly as labkit reads them.

require "ipaddr"

module Labkit
  # An address with the length of its network's prefix.
  class Cidr
    OCTET = /(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)/.freeze
    V4 = /\A#{OCTET}(?:\.#{OCTET}){3}\z/.freeze
    V6 = /\A[\h:]+(?::#{OCTET}(?:\.#{OCTET}){3})?\z/.freeze

    attr_reader :address, :prefix

    # An IPAddr; nothing where the text is no plain address.
    def self.address(text)
      return unless V4.match?(text) || (text.include?(":") && V6.match?(text))

      IPAddr.new(text)
    rescue IPAddr::Error
      nil
    end

    # Nothing where the text is no network.
    def self.parse(text)
      address, prefix = text.split("/", 2)
      return unless prefix && /\A\+?\d+\z/.match?(prefix) && (address = address(address))

      new(address, prefix.to_i) if prefix.to_i <= (address.ipv4? ? 32 : 128)
    end

    def initialize(address, prefix)
      @address = address
      @prefix = prefix
    end

    def include?(address)
      @address.family == address.family && @address.mask(@prefix).include?(address)
    end

    # Whether any address is in both.
    def overlaps?(other)
      Cidr.new(@address, [@prefix, other.prefix].min).include?(other.address)
    end

    # The nth address, counted from the network's own.
    def nth(number)
      IPAddr.new(@address.mask(@prefix).to_i + number, @address.family)
    end

    def first
      nth(0)
    end

    def last
      nth((1 << ((@address.ipv4? ? 32 : 128) - @prefix)) - 1)
    end

    # Which address of the network this one is: 10 for 192.168.56.10 in 192.168.56.0/24.
    def place(address)
      address.to_i - first.to_i
    end

    def netmask
      IPAddr.new((1 << 32) - (1 << (32 - @prefix)), Socket::AF_INET).to_s
    end

    def to_s
      "#{@address}/#{@prefix}"
    end
  end
end

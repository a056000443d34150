# The TOML that a lab.toml is written in.

require "strscan"

module Labkit
  # A value, and the line that it stands on.
  Entry = Struct.new(:value, :line)

  # A text that is no TOML, or has what no lab.toml has.
  class TomlFault < StandardError
    attr_reader :line

    def initialize(line, why)
      @line = line
      super(why)
    end
  end

  # Reads tables and arrays of tables with plain names, inline ones as well, strings and integers. The other kinds of
  # values, and tables in tables, have no place in a lab.toml: they are refused, as labkit itself refuses them.
  class Toml
    ESCAPES = { "b" => "\b", "t" => "\t", "n" => "\n", "f" => "\f", "r" => "\r", "e" => "\e", '"' => '"',
                "\\" => "\\" }.freeze
    DECIMAL = /[+-]?(?:0|[1-9](?:_?[0-9])*)(?![\w.:+-])/.freeze
    INTEGER = /#{DECIMAL}|0x\h(?:_?\h)*(?!\w)|0o[0-7](?:_?[0-7])*(?!\w)|0b[01](?:_?[01])*(?!\w)/.freeze
    # Anything but what ends a comment and what TOML keeps out of texts.
    PLAIN = /[^\x00-\x08\x0a-\x1f\x7f]/.freeze

    # A Hash from names to entries, whose values are String, Integer, Hash or Array.
    def self.parse(text)
      raise TomlFault.new(1, "it is not UTF-8") unless text.valid_encoding?

      new(text).document
    end

    def initialize(text)
      @scan = StringScanner.new(text.delete_prefix("\uFEFF"))
      @root = {}
      # Which tables dotted keys made, and which arrays `[[…]]` did: only these may grow.
      @growing = {}.compare_by_identity
    end

    def document
      table = @root
      until blank.eos?
        if @scan.skip(/\[\[/)
          table = element(header(/\]\]/))
        elsif @scan.skip(/\[/)
          table = section(header(/\]/))
        else
          pair(table)
        end
        end_line
      end
      @root
    end

    private

    def line
      @scan.string.byteslice(0, @scan.pos).count("\n") + 1
    end

    def fault(why, at = line)
      raise TomlFault.new(at, why)
    end

    # Past spaces, comments and ends of lines.
    def blank
      nil while @scan.skip(/[ \t]+|\r?\n|##{PLAIN}*(?=\r?\n|\z)/)
      @scan
    end

    def spaces
      @scan.skip(/[ \t]*/)
    end

    def end_line
      spaces
      @scan.skip(/##{PLAIN}*/)
      @scan.eos? || @scan.skip(/\r?\n/) || fault("`#{rest}` is too much here: the line should end")
    end

    def rest
      @scan.check(/.{0,20}/)
    end

    def header(closing)
      spaces
      name = key
      spaces
      @scan.skip(closing) ? name : fault("`[#{name}` is not closed, or is a table in a table, which no lab.toml has")
    end

    def section(name)
      fault("`#{name}` is there already, on line #{@root[name].line}") if @root.key?(name)
      (@root[name] = Entry.new({}, line)).value
    end

    def element(name)
      array = (@root[name] ||= Entry.new(growing([]), line)).value
      fault("`#{name}` is there already, on line #{@root[name].line}") unless array.is_a?(Array) && @growing[array]
      array.push(Entry.new({}, line)).last.value
    end

    def growing(container)
      @growing[container] = true
      container
    end

    def key
      @scan.scan(/[A-Za-z0-9_-]+/) || (@scan.check(/"(?!"")|'(?!'')/) && string) || fault("`#{rest}` is no name")
    end

    def pair(table)
      at = line
      names = [key]
      names.push(key) while dot
      table = names[0..-2].inject(table) { |outer, name| inner(outer, name, at) }
      @scan.skip(/=/) || fault("`#{names.join(".")}` has no `=` behind it")
      spaces
      fault("`#{names.last}` is there already, on line #{table[names.last].line}") if table.key?(names.last)
      table[names.last] = Entry.new(value, at)
    end

    def dot
      spaces
      @scan.skip(/\.[ \t]*/)
    end

    # The table of this name in another, which a dotted key makes.
    def inner(table, name, at)
      inner = (table[name] ||= Entry.new(growing({}), at)).value
      inner.is_a?(Hash) && @growing[inner] ? inner : fault("`#{name}` is there already, on line #{table[name].line}")
    end

    def value
      return string if @scan.check(/["']/)
      return array if @scan.skip(/\[/)
      return inline if @scan.skip(/\{/)

      number = @scan.scan(INTEGER) || fault("`#{rest}` is no value that a lab.toml has: texts stand in quotes")
      Integer(number.delete("_"))
    end

    def array
      found = []
      until blank.skip(/\]/)
        found.push(Entry.new(value, line))
        blank.skip(/,/) || @scan.check(/\]/) || fault("`#{rest}`: a `,` or the `]` of the list is missing")
      end
      found
    end

    def inline
      table = {}
      until blank.skip(/\}/)
        pair(table)
        blank.skip(/,/) || @scan.check(/\}/) || fault("`#{rest}`: a `,` or the `}` of the table is missing")
      end
      table
    end

    def string
      at = line
      quote = @scan.scan(/"""|'''|"|'/)
      is_long = quote.length == 3
      @scan.skip(/\r?\n/) if is_long
      text = +""
      loop do
        return text + (is_long ? @scan.scan(/#{quote[0]}{0,2}(?!#{quote[0]})/).to_s : "") if @scan.skip(/#{quote}/)

        text << (piece(quote[0] == '"', is_long) || fault("the text that begins here is not closed", at))
      end
    end

    # The next character; none where a text cannot go on.
    def piece(has_escapes, is_long)
      return escaped(is_long) if has_escapes && @scan.skip(/\\/)

      @scan.scan(PLAIN) || (is_long && @scan.skip(/\r?\n/) && "\n")
    end

    def escaped(is_long)
      return "" if is_long && @scan.skip(/[ \t]*\r?\n\s*/)

      code = @scan.scan(/x\h{2}|u\h{4}|U\h{8}/)
      return ESCAPES[@scan.getch] || fault("a `\\` with an unknown letter behind it") unless code

      number = code[1..-1].hex
      fault("`\\#{code}` is no character") if number > 0x10ffff || number.between?(0xd800, 0xdfff)
      [number].pack("U")
    end
  end
end

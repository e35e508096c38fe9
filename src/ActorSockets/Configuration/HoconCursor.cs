using System.Text;

namespace ActorSockets.Configuration;

/// <summary>A position in a HOCON text, and what was copied from the text so far.</summary>
internal sealed class HoconCursor(string text, Func<int, string, SettingsException> error)
{
    private const string Escapes = "\"\\/bfnrtu";

    private int _position;

    public StringBuilder Output { get; } = new(text.Length);

    public int Line { get; private set; } = 1;

    public bool AtEnd => _position >= text.Length;

    public char Current => text[_position];

    public bool AtComment => Current == '#' || At("//");

    public bool At(string what) => string.CompareOrdinal(text, _position, what, 0, what.Length) == 0;

    /// <summary>Passes over characters that are not copied.</summary>
    public void Skip(int count) => _position += count;

    public void Take(int count = 1)
    {
        for (var i = 0; i < count && !AtEnd; i++)
        {
            if (Current == '\n')
                Line++;
            Output.Append(Current);
            _position++;
        }
    }

    public void TakeSpaces()
    {
        while (!AtEnd && Current is ' ' or '\t' or '\r')
            Take();
    }

    /// <summary>Takes white space and comments, and commas where they separate.</summary>
    public void TakeBlanks(bool alsoCommas, bool inList = false)
    {
        while (!AtEnd)
        {
            if (AtComment)
            {
                while (!AtEnd && Current != '\n')
                    Take();
            }
            else if (alsoCommas && Current == ',')
            {
                // Akka's parser takes no comma between "key { … }" and the next field; a line feed is as good.
                Output.Append(!inList && EndsWithBrace() ? '\n' : ',');
                _position++;
            }
            else if (char.IsWhiteSpace(Current))
            {
                Take();
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>The key, as it is written.</summary>
    public string TakeKey()
    {
        var start = _position;
        while (!AtEnd && !(Current is '=' or ':' or '{' or '}' or '\n' or ',' or ']' or '[') && !AtComment && !At("+="))
        {
            if (Current == '"')
                TakeString();
            else
                Take();
        }

        return text[start.._position].Trim();
    }

    public void TakeString()
    {
        var line = Line;
        var quote = At("\"\"\"") ? "\"\"\"" : "\"";
        Take(quote.Length);
        while (!AtEnd && !At(quote))
        {
            if (quote.Length == 1 && Current == '\n')
                break;
            if (quote.Length == 1 && Current == '\\')
                TakeEscape();
            else
                Take();
        }

        if (AtEnd || Current != '"')
            throw error(line, $"this {quote} is never closed");
        Take(quote.Length);
    }

    /// <summary>The name inside <c>${…}</c>, which is not passed.</summary>
    public string Substitution() => text.IndexOf('}', _position) is var end and >= 0
        ? text[(_position + 2)..end]
        : throw error(Line, "this '${' is never closed");

    private void TakeEscape()
    {
        Take();
        if (AtEnd)
            return;
        var digits = Current == 'u' ? text.AsSpan(_position + 1, Math.Min(4, text.Length - _position - 1)) : "0000";
        if (!Escapes.Contains(Current, StringComparison.Ordinal) || digits.Length < 4 || !IsHex(digits))
            throw error(Line, $"'\\{Current}' is not an escape sequence: write \\\\ for a backslash");
        Take();
    }

    private static bool IsHex(ReadOnlySpan<char> digits)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit))
                return false;
        }

        return true;
    }

    private bool EndsWithBrace()
    {
        var last = Output.Length - 1;
        while (last >= 0 && Output[last] is ' ' or '\t')
            last--;
        return last >= 0 && Output[last] == '}';
    }
}

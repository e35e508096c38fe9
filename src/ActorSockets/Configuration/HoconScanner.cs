using System.Text;

namespace ActorSockets.Configuration;

/// <summary>
/// Walks HOCON text once, before Akka's parser sees it, because that one (1.5.74) loops for ever on an unclosed list,
/// takes an unclosed or a surplus brace in silence, reads a key without a value as part of the next key, and overflows the
/// stack when an optional substitution has no value. Everything it would get wrong ends here with a line number;
/// environment variables are filled in on the way.
/// </summary>
internal sealed class HoconScanner(string text, string source, Func<string, string?> environment)
{
    private const int DeepestNesting = 50;
    private const string ListElement = "a list element";

    private readonly StringBuilder _output = new(text.Length);
    private int _position;
    private int _line = 1;
    private int _depth;

    private bool AtEnd => _position >= text.Length;

    private char Current => text[_position];

    /// <summary>The same text with environment variables filled in.</summary>
    public string Scan()
    {
        SkipBlanks(alsoCommas: false);
        if (AtEnd || Current != '{')
        {
            ScanObject(openedAt: null);
            return _output.ToString();
        }

        // Braces around everything, as in JSON, are HOCON too; Akka's parser knows only the form without.
        var line = _line;
        _position++;
        ScanObject(line);
        _output.Length--;
        SkipBlanks(alsoCommas: false);
        return AtEnd ? _output.ToString() : throw Error(_line, "something follows after the last '}'");
    }

    private void ScanObject(int? openedAt)
    {
        if (++_depth > DeepestNesting)
            throw Error(_line, $"sections are nested deeper than {DeepestNesting}");
        while (true)
        {
            SkipBlanks(alsoCommas: true);
            if (AtEnd)
            {
                if (openedAt is { } line)
                    throw Error(line, "this '{' is never closed");
                return;
            }

            if (Current == '}')
            {
                if (openedAt is null)
                    throw Error(_line, "this '}' closes nothing");
                Take();
                _depth--;
                return;
            }

            ScanField();
        }
    }

    private void ScanField()
    {
        var (line, start) = (_line, _output.Length);
        var key = ScanKey();
        if (key.Length == 0)
            throw Error(line, $"'{(AtEnd ? "" : Current)}' where a key should be");
        if (key.StartsWith("include ", StringComparison.Ordinal) || key.StartsWith("include\"", StringComparison.Ordinal))
            throw Error(line, "include is not supported: put everything into one file");
        if (AtEnd || Current is not ('=' or ':' or '{' or '+'))
            throw Error(line, $"'{key}' has no value: write {key.Split(' ')[0]} = …");

        if (Current == '{')
        {
            TakeObject();
            return;
        }

        while (!AtEnd && Current is '=' or ':' or '+')
            Take();
        SkipSpaces();
        if (!AtEnd && Current is '\n' or '\r')
            SkipBlanks(alsoCommas: false, onlyIfThenBracket: true, line: line, key: key);
        ScanValue(line, key, start);
    }

    private string ScanKey()
    {
        var start = _position;
        while (!AtEnd && !(Current is '=' or ':' or '{' or '}' or '\n' or ',' or ']' or '[') && !AtComment && !AtPlusAssign)
        {
            if (Current == '"')
                TakeString();
            else
                Take();
        }

        return text[start.._position].Trim();
    }

    private void ScanValue(int line, string key, int fieldStart)
    {
        var (parts, missing) = (0, 0);
        while (!AtEnd && !(Current is '\n' or ',' or '}' or ']') && !AtComment)
        {
            if (char.IsWhiteSpace(Current))
            {
                Take();
                continue;
            }

            parts++;
            switch (Current)
            {
                case '"': TakeString(); break;
                case '{': TakeObject(); break;
                case '[': TakeArray(); break;
                case '$' when _position + 1 < text.Length && text[_position + 1] == '{':
                    if (!TakeSubstitution())
                        missing++;
                    break;
                case ':' or '=' when key != ListElement:
                    throw Error(line, $"put quotes around a value that has a '{Current}' in it");
                default: Take(); break;
            }
        }

        if (parts == 0)
            throw Error(line, $"'{key}' has no value");

        // HOCON: a field whose whole value is an optional substitution without a value is as good as not written.
        if (parts == missing)
            _output.Length = fieldStart;
    }

    private void TakeObject()
    {
        var line = _line;
        Take();
        ScanObject(line);
    }

    private void TakeArray()
    {
        var line = _line;
        Take();
        if (++_depth > DeepestNesting)
            throw Error(_line, $"lists are nested deeper than {DeepestNesting}");
        while (true)
        {
            SkipBlanks(alsoCommas: true, inList: true);
            if (AtEnd || Current == '}')
                throw Error(line, "this '[' is never closed");
            if (Current == ']')
            {
                Take();
                _depth--;
                return;
            }

            ScanValue(_line, ListElement, _output.Length);
        }
    }

    private void TakeString()
    {
        var line = _line;
        var quote = text.AsSpan(_position).StartsWith("\"\"\"") ? "\"\"\"" : "\"";
        Take(quote.Length);
        while (!AtEnd && !text.AsSpan(_position).StartsWith(quote))
        {
            if (quote.Length == 1 && Current == '\n')
                break;
            if (quote.Length == 1 && Current == '\\' && _position + 1 < text.Length)
                Take();
            Take();
        }

        if (AtEnd || Current != '"')
            throw Error(line, $"this {quote} is never closed");
        Take(quote.Length);
    }

    /// <summary>False when the substitution was optional and has no value.</summary>
    private bool TakeSubstitution()
    {
        var end = text.IndexOf('}', _position);
        if (end < 0)
            throw Error(_line, "this '${' is never closed");

        var optional = _position + 2 < text.Length && text[_position + 2] == '?';
        var name = text[(_position + (optional ? 3 : 2))..end].Trim();
        var isVariable = name.Length > 0 && name.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');
        if (!isVariable)
        {
            if (optional)
                throw Error(_line, $"${{?{name}}}: an optional substitution names an environment variable, in capitals");
            Take(end + 1 - _position);
            return true;
        }

        var value = environment(name);
        if (value is null && !optional)
            throw Error(_line, $"the environment variable {name} is not set (${{?{name}}} would make it optional)");

        _position = end + 1;
        if (value is null)
            return false;
        _output.Append('"').Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal))
            .Append('"');
        return true;
    }

    private bool AtComment => Current == '#' || (Current == '/' && _position + 1 < text.Length && text[_position + 1] == '/');

    private bool AtPlusAssign => Current == '+' && _position + 1 < text.Length && text[_position + 1] == '=';

    private void SkipSpaces()
    {
        while (!AtEnd && Current is ' ' or '\t' or '\r')
            Take();
    }

    private bool EndsWithBrace()
    {
        var last = _output.Length - 1;
        while (last >= 0 && _output[last] is ' ' or '\t')
            last--;
        return last >= 0 && _output[last] == '}';
    }

    private void SkipBlanks(bool alsoCommas, bool inList = false, bool onlyIfThenBracket = false, int line = 0, string key = "")
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
                _output.Append(!inList && EndsWithBrace() ? '\n' : ',');
                _position++;
            }
            else if (char.IsWhiteSpace(Current))
            {
                Take();
            }
            else
            {
                break;
            }
        }

        if (onlyIfThenBracket && (AtEnd || Current is not ('{' or '[')))
            throw Error(line, $"'{key}' has no value");
    }

    private void Take(int count = 1)
    {
        for (var i = 0; i < count && !AtEnd; i++)
        {
            if (Current == '\n')
                _line++;
            _output.Append(Current);
            _position++;
        }
    }

    private SettingsException Error(int line, string message) => new($"{source}:{line}", message);
}

namespace ActorSockets.Configuration;

/// <summary>
/// Walks HOCON text once, before Akka's parser sees it, because that parser (1.5.74) loops for ever on an unclosed list,
/// accepts an unclosed or a surplus brace, reads a key without a value as part of the next key, and overflows the stack when
/// an optional substitution has no value. The scanner turns each of these into an error with a line number, fills in
/// environment variables, and notes on which line each key stands.
/// </summary>
internal sealed class HoconScanner
{
    private const int DeepestNesting = 50;
    private const string ListElement = "a list element";
    private const string OnlyInQuotes = "$:=`^?!@*&\\";

    private readonly Func<int, string, SettingsException> _error;
    private readonly Func<string, string?> _environment;
    private readonly HoconCursor _at;
    private HoconNode _section = new(0);
    private int _depth;
    private int _lists;
    private SettingsException? _unquotedInList;

    /// <param name="text">HOCON.</param>
    /// <param name="error">Makes an error out of a line and a message.</param>
    /// <param name="environment">The value of an environment variable.</param>
    public HoconScanner(string text, Func<int, string, SettingsException> error, Func<string, string?> environment)
    {
        _error = error;
        _environment = environment;
        _at = new HoconCursor(text, error);
        Outline = _section;
    }

    public HoconNode Outline { get; }

    /// <summary>The same text with environment variables filled in.</summary>
    public string Scan()
    {
        _at.TakeBlanks(alsoCommas: false);
        if (_at.AtEnd || _at.Current != '{')
        {
            ScanObject(openedAt: null);
            return _at.Output.ToString();
        }

        // Braces around everything, as in JSON, are HOCON too; Akka's parser knows only the form without.
        var line = _at.Line;
        _at.Skip(1);
        ScanObject(line);
        _at.Output.Length--;
        _at.TakeBlanks(alsoCommas: false);
        return _at.AtEnd ? _at.Output.ToString() : throw _error(_at.Line, "something follows after the last '}'");
    }

    private void ScanObject(int? openedAt)
    {
        if (++_depth > DeepestNesting)
            throw _error(_at.Line, $"sections are nested deeper than {DeepestNesting}");
        while (true)
        {
            _at.TakeBlanks(alsoCommas: true);
            if (_at.AtEnd)
            {
                if (openedAt is { } line)
                    throw _error(line, "this '{' is never closed");
                return;
            }

            if (_at.Current == '}')
            {
                if (openedAt is null)
                    throw _error(_at.Line, "this '}' closes nothing");
                _at.Take();
                _depth--;
                return;
            }

            ScanField();
        }
    }

    private void ScanField()
    {
        var (line, start) = (_at.Line, _at.Output.Length);
        var key = _at.TakeKey();
        if (key.Length == 0)
            throw _error(line, $"'{(_at.AtEnd ? "" : _at.Current)}' where a key should be");
        if (key.StartsWith("include ", StringComparison.Ordinal) || key.StartsWith("include\"", StringComparison.Ordinal))
            throw _error(line, "include is not supported: put everything into one file");
        if (_at.AtEnd || _at.Current is not ('=' or ':' or '{' or '+'))
            throw _error(line, $"'{key}' has no value: write {key.Split(' ')[0]} = …");

        var nodes = Grow(line, HoconKey.Split(key));
        var node = nodes.Count == 0 ? _section : nodes[^1];
        if (_at.Current == '{')
        {
            TakeObject(node);
        }
        else
        {
            while (!_at.AtEnd && _at.Current is '=' or ':' or '+')
                _at.Take();
            _at.TakeSpaces();
            if (!_at.AtEnd && _at.Current is '\n' or '\r')
            {
                _at.TakeBlanks(alsoCommas: false);
                if (_at.AtEnd || _at.Current is not ('{' or '['))
                    throw _error(line, $"'{key}' has no value");
            }

            if (!TakeValue(line, key, start, node))
            {
                node.LeftOutLine = line;
                return;
            }
        }

        if (_lists > 0)
            return;
        node.Line = line;
        foreach (var section in nodes.Where(n => n.Line == 0))
            section.Line = line;
    }

    /// <summary>What stands inside a list belongs to the list's own key.</summary>
    private IReadOnlyList<HoconNode> Grow(int line, string[] path)
    {
        if (_section.Depth + path.Length > DeepestNesting)
            throw _error(line, $"sections are nested deeper than {DeepestNesting}");
        return _lists > 0 ? [] : _section.Grow(path);
    }

    /// <summary>False when the value is left out.</summary>
    private bool TakeValue(int line, string key, int fieldStart, HoconNode node)
    {
        var (parts, missing) = (0, 0);
        while (!_at.AtEnd && !(_at.Current is '\n' or ',' or '}' or ']') && !_at.AtComment)
        {
            if (char.IsWhiteSpace(_at.Current))
            {
                _at.Take();
                continue;
            }

            parts++;
            var start = _at.Output.Length;
            switch (_at.Current)
            {
                case '{': TakeObject(node); continue;
                case '[': TakeArray(node); continue;
                case '"': _at.TakeString(); break;
                case '$' when _at.At("${"):
                    if (!TakeSubstitution(node))
                        missing++;
                    break;
                case var c when OnlyInQuotes.Contains(c, StringComparison.Ordinal):
                    var unquoted = _error(key == ListElement ? _at.Line : line, $"put quotes around a value that has a '{c}' in it");
                    // A key and an assignment rather point at a list that is never closed.
                    if (c is not (':' or '=') || key != ListElement)
                        throw unquoted;
                    _unquotedInList ??= unquoted;
                    _at.Take();
                    break;
                default: _at.Take(); break;
            }

            node.Length += _at.Output.Length - start;
        }

        if (parts == 0)
            throw _error(line, $"'{key}' has no value");

        // HOCON: a field whose whole value is an optional substitution without a value is as good as not written.
        if (parts == missing)
            _at.Output.Length = fieldStart;
        return parts != missing;
    }

    private void TakeObject(HoconNode node)
    {
        var (line, outer) = (_at.Line, _section);
        _at.Take();
        _section = node;
        ScanObject(line);
        _section = outer;
    }

    private void TakeArray(HoconNode node)
    {
        var line = _at.Line;
        _at.Take();
        if (++_depth > DeepestNesting)
            throw _error(_at.Line, $"lists are nested deeper than {DeepestNesting}");
        _lists++;
        while (true)
        {
            _at.TakeBlanks(alsoCommas: true, inList: true);
            if (_at.AtEnd || _at.Current == '}')
                throw _error(line, "this '[' is never closed");
            if (_at.Current == ']')
            {
                _at.Take();
                _depth--;
                _lists--;
                if (_unquotedInList is not null)
                    throw _unquotedInList;
                return;
            }

            TakeValue(_at.Line, ListElement, _at.Output.Length, node);
        }
    }

    /// <summary>False when the substitution was optional and has no value.</summary>
    private bool TakeSubstitution(HoconNode node)
    {
        var inside = _at.Substitution();
        var optional = inside.StartsWith('?');
        var name = inside[(optional ? 1 : 0)..].Trim();
        var isVariable = name.Length > 0 && name.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');
        if (!isVariable)
        {
            if (optional)
                throw _error(_at.Line, $"${{?{name}}}: an optional substitution names an environment variable, in capitals");
            if (name != inside || !name.All(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_'))
                throw _error(_at.Line, $"${{{inside}}}: a substitution names a path of letters, digits, '.', '-' and '_'");
            node.References.Add(new HoconReference(HoconKey.Split(name), _at.Line));
            _at.Take(inside.Length + 3);
            return true;
        }

        var value = _environment(name);
        if (value is null && !optional)
            throw _error(_at.Line, $"the environment variable {name} is not set (${{?{name}}} makes it optional)");

        _at.Skip(inside.Length + 3);
        if (value is null)
            return false;
        _at.Output.Append(Printable.Quoted(value));
        return true;
    }
}

using System.Globalization;
using System.Text;

namespace ActorSockets.Host.Reporting;

/// <summary>The bottom of a terminal, where the live table is erased and drawn again. A terminal without room shows none.</summary>
internal sealed class LiveRegion(Stream terminal)
{
    private LiveTable? _table;
    private int _shownLines;

    /// <summary>What is drawn next.</summary>
    public void Show(LiveTable? table) => Volatile.Write(ref _table, table);

    public void Draw()
    {
        if (Volatile.Read(ref _table) is not { } table)
        {
            Erase();
            return;
        }

        // One row is left for the cursor, and one for what somebody types.
        var (width, height) = Terminal.Size;
        var lines = table.Render(width, height - 2);
        var text = Erasing() + string.Concat(lines.Select(line => line + "\n"));
        _shownLines = lines.Count;
        if (text.Length > 0)
            terminal.Write(Encoding.UTF8.GetBytes(text));
    }

    public void Erase()
    {
        var erasing = Erasing();
        _shownLines = 0;
        if (erasing.Length > 0)
            terminal.Write(Encoding.ASCII.GetBytes(erasing));
    }

    /// <summary>The cursor goes up to the table's first line, and everything from there on is erased.</summary>
    private string Erasing() => _shownLines == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"\r\e[{_shownLines}A\e[J");
}

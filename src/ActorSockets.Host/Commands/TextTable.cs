namespace ActorSockets.Host.Commands;

/// <summary>Rows for people, a line each, with columns as wide as their widest cell.</summary>
internal static class TextTable
{
    public static IEnumerable<string> Of(string[] heads, IEnumerable<string[]> rows)
    {
        string[][] all = [heads, .. rows];
        var widths = Enumerable.Range(0, heads.Length).Select(column => all.Max(row => row[column].Length)).ToArray();
        return all.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }
}

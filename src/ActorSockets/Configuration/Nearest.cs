namespace ActorSockets.Configuration;

/// <summary>Finds the name that was meant by one that is not known.</summary>
internal static class Nearest
{
    /// <summary>The candidate with the fewest edits (Levenshtein), or null when none is within a third of the word.</summary>
    public static string? To(string word, IEnumerable<string> candidates) =>
        candidates.Select(c => (Name: c, Edits: Edits(word, c)))
            .Where(c => c.Edits <= Math.Max(1, Math.Max(word.Length, c.Name.Length) / 3))
            .OrderBy(c => c.Edits)
            .Select(c => c.Name)
            .FirstOrDefault();

    private static int Edits(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }

        return row[^1];
    }
}

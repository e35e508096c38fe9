namespace ActorSockets.Configuration;

/// <summary>Finds the name that was meant by one that is not known.</summary>
internal static class Nearest
{
    /// <summary>The candidate with the fewest edits (Damerau-Levenshtein), or null when none is within a third of the word.</summary>
    public static string? To(string word, IEnumerable<string> candidates) =>
        candidates.Select(c => (Name: c, Edits: Edits(word, c)))
            .Where(c => c.Edits <= Math.Max(1, Math.Max(word.Length, c.Name.Length) / 3))
            .OrderBy(c => c.Edits)
            .Select(c => c.Name)
            .FirstOrDefault();

    private static int Edits(string a, string b)
    {
        var edits = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            edits[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            edits[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = edits[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replaced, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[a.Length, b.Length];
    }
}

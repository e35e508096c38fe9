namespace ActorSockets.Host.Tests.Support;

/// <summary>
/// What a disk may hold when the power fails, worked out from the system calls of a run. What was flushed is there. Of all else,
/// any part may be missing: 512 bytes of a write, a truncation, a name that was made or removed. fsync(2) promises no more: not
/// that writes come to the disk in their order, nor that the name of a file that was flushed does.
/// </summary>
/// <param name="root">The directory that is watched.</param>
internal sealed class LossyDisk(string root)
{
    private const int Sector = 512;

    private readonly Dictionary<string, Name> _names = new(StringComparer.Ordinal);

    /// <summary>When a call counts: a write from its beginning on, for it may be on the disk; what makes or flushes once it has ended.</summary>
    public static int When(SystemCall call) => call.Name is "pwrite64" or "ftruncate" or "unlink" ? call.Begin : call.End;

    /// <summary>Takes the next call, in the order of <see cref="When"/>.</summary>
    public void Apply(SystemCall call)
    {
        switch (call.Name)
        {
            case "mkdir" when call.Result == 0 && Inside(Path(call)) is { } path:
                Bind(call, path, new Node(null));
                break;
            case "openat" when call.Result >= 0 && call.Text.Contains("O_CREAT", StringComparison.Ordinal) && Inside(Path(call)) is { } path && NameOf(path).Now is null:
                Bind(call, path, new Node(new Content()));
                break;
            case "unlink" when Inside(Path(call)) is { } path:
                Bind(call, path, null);
                break;
            case "pwrite64" when Written(call) is { } content:
                content.Changes.Add((new Write(call.LastArgument, call.Strings.Single()), call.End));
                break;
            case "ftruncate" when Written(call) is { } content:
                content.Changes.Add((new Truncation(call.LastArgument), call.End));
                break;
            case "fsync" or "fdatasync" when Inside(call.File) is { } path:
                Flush(path, call.Begin);
                break;
        }
    }

    /// <summary>Makes a directory as the disk may be now.</summary>
    /// <param name="directory">Made anew.</param>
    /// <param name="keeps">Whether the next thing that was not flushed is there all the same.</param>
    public void Restore(string directory, Func<bool> keeps)
    {
        Directory.CreateDirectory(directory);
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (path, name) in _names.OrderBy(name => name.Key, StringComparer.Ordinal))
        {
            var node = name.Durable;
            foreach (var change in name.Changes)
                node = keeps() ? change.Node : node;
            if (node is null || missing.Contains(System.IO.Path.GetDirectoryName(path)!))
                missing.Add(path);
            else if (node.Content is not { } content)
                Directory.CreateDirectory(System.IO.Path.Combine(directory, path));
            else
                File.WriteAllBytes(System.IO.Path.Combine(directory, path), content.Restore(keeps));
        }
    }

    private static string Path(SystemCall call) => System.Text.Encoding.UTF8.GetString(call.Strings.First());

    /// <summary>Relative to the root; null: somewhere else, or a file that has no meaning after a crash, such as shared memory.</summary>
    private string? Inside(string? path) =>
        path is not null && path.StartsWith(root, StringComparison.Ordinal) && !path.EndsWith("-shm", StringComparison.Ordinal) && !path.EndsWith("(deleted)", StringComparison.Ordinal)
            ? path[root.Length..].TrimStart('/') : null;

    private Content? Written(SystemCall call) => Inside(call.File) is { } path ? NameOf(path).Now?.Content : null;

    private Name NameOf(string path) => _names.TryGetValue(path, out var name) ? name : _names[path] = new Name();

    private void Bind(SystemCall call, string path, Node? node)
    {
        var name = NameOf(path);
        name.Now = node;
        name.Changes.Add((node, call.End));
    }

    /// <summary>What had ended before the flush began is on the disk.</summary>
    private void Flush(string path, int begin)
    {
        if (path.Length > 0 && NameOf(path).Now?.Content is { } content)
        {
            content.Flush(begin);
            return;
        }

        foreach (var (_, name) in _names.Where(name => System.IO.Path.GetDirectoryName(name.Key) == path))
        {
            foreach (var (node, end) in name.Changes.Where(change => change.End < begin))
                name.Durable = node;
            name.Changes.RemoveAll(change => change.End < begin);
        }
    }

    private sealed class Name
    {
        public Node? Now { get; set; }

        public Node? Durable { get; set; }

        public List<(Node? Node, int End)> Changes { get; } = [];
    }

    /// <param name="Content">Null: it is a directory.</param>
    private sealed record Node(Content? Content);

    private sealed class Content
    {
        private readonly MemoryStream _durable = new();

        public List<(Change Change, int End)> Changes { get; } = [];

        public void Flush(int begin)
        {
            foreach (var (change, end) in Changes.Where(change => change.End < begin))
                change.Apply(_durable, () => true);
            Changes.RemoveAll(change => change.End < begin);
        }

        public byte[] Restore(Func<bool> keeps)
        {
            var file = new MemoryStream();
            _durable.WriteTo(file);
            foreach (var (change, _) in Changes)
                change.Apply(file, keeps);
            return file.ToArray();
        }
    }

    private abstract record Change
    {
        /// <summary>Applies the parts that are kept.</summary>
        public abstract void Apply(MemoryStream file, Func<bool> keeps);
    }

    private sealed record Write(long Offset, byte[] Bytes) : Change
    {
        public override void Apply(MemoryStream file, Func<bool> keeps)
        {
            for (int from = 0, length; from < Bytes.Length; from += length)
            {
                file.Position = Offset + from;
                length = (int)Math.Min(Bytes.Length - from, Sector - (file.Position % Sector));
                if (keeps())
                    file.Write(Bytes, from, length);
            }
        }
    }

    private sealed record Truncation(long Length) : Change
    {
        public override void Apply(MemoryStream file, Func<bool> keeps)
        {
            if (keeps())
                file.SetLength(Length);
        }
    }
}

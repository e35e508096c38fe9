namespace ActorSockets.Storage.Tests.Support;

/// <summary>Payloads that a store has in files.</summary>
/// <param name="directory">The store's.</param>
internal sealed class LargeFiles(string directory)
{
    public string[] Paths() => Directory.Exists(Path.Combine(directory, "payloads")) ? Directory.GetFiles(Path.Combine(directory, "payloads")) : [];

    public void Delete()
    {
        foreach (var path in Paths())
            File.Delete(path);
    }

    /// <summary>Changes a byte of each.</summary>
    public async Task DamageAsync()
    {
        foreach (var path in Paths())
        {
            var bytes = await File.ReadAllBytesAsync(path);
            bytes[1000] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
        }
    }
}

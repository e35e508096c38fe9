using System.Globalization;
using System.Text;
using ActorSockets.Outbox;
using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>Keeps a directory for one process: a lock on its file <c>lock</c>, which the system releases when the process ends.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Whether a process has the lock now.</summary>
    public static bool IsTaken(string directory)
    {
        try
        {
            using var file = new FileStream(Path.Combine(directory, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException e) when (Posix.IsLockedByAnother(e))
        {
            return true;
        }
        catch (Exception e) when (Posix.IsFileError(e))
        {
            throw new LedgerException($"{Path.Combine(directory, "lock")} cannot be opened: {Posix.Reason(e)}", cause: e);
        }
    }

    /// <summary>Takes the lock. Blocks for up to 3 s while another process has it: <c>actorsockets queue</c> gives it back soon.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="pause">Blocks between two attempts; <see cref="Thread.Sleep(TimeSpan)"/> unless told.</param>
    /// <exception cref="LedgerException">Another process has the lock, or the file cannot be written.</exception>
    public static DirectoryLock Take(string directory, Action<TimeSpan>? pause = null)
    {
        var path = Path.Combine(directory, "lock");
        for (var waited = TimeSpan.Zero; ; waited += PollInterval)
        {
            try
            {
                // FileShare.None is flock(2) on Unix. The process id is for people, and says nothing about who has the lock.
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                file.SetLength(0);
                file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + '\n'));
                file.Flush();
                return new DirectoryLock(file);
            }
            catch (IOException e) when (waited < Patience && File.Exists(path) && Posix.IsLockedByAnother(e))
            {
                (pause ?? Thread.Sleep)(PollInterval);
            }
            catch (IOException e) when (File.Exists(path) && Posix.IsLockedByAnother(e))
            {
                var holder = Posix.ReadLocked(path, most: 20) is { Length: > 1 } id && id.Trim().All(char.IsAsciiDigit) ? $"process {id.Trim()}" : "another process";
                throw new LedgerException($"{directory} is in use by {holder}, which has locked {path}: stop it, or use another directory here", cause: e);
            }
            catch (Exception e) when (Posix.IsFileError(e))
            {
                throw new LedgerException($"{path} cannot be locked: {Posix.Reason(e)}", cause: e);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}

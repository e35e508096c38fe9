using System.Runtime.InteropServices;

namespace ActorSockets.Host.Reporting;

/// <summary>
/// stdout and stderr on Unix. Not the console's streams, which swallow a closed pipe's error, and no FileStream, which keeps
/// a position of its own and writes over what the other one wrote into the same file (.NET 10).
/// </summary>
internal sealed partial class StandardStream(int descriptor) : Stream
{
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static Stream Open(int descriptor) => !OperatingSystem.IsWindows() ? new StandardStream(descriptor)
        : descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var written = WriteTo(descriptor, buffer, (nuint)buffer.Length);
            if (written >= 0)
                buffer = buffer[(int)written..];
            else if (Marshal.GetLastPInvokeError() is var error && error == TryAgain)
                Thread.Sleep(Pause);
            else if (error != Interrupted)
                throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int descriptor, ReadOnlySpan<byte> buffer, nuint count);
}

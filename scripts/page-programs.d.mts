export function programOf(page: string, fence?: string): string;
export function pagesWithPrograms(): string[];
export function checkPrinted(code: string, stdout: string): void;
